import { randomBytes } from 'node:crypto'

/**
 * 64 bits of a text, by HalfSipHash-1-3 under a random key of this process. Tables of hashes stand for the texts themselves:
 * with the key unknown no caller can make two texts meet, and by chance two of a million do once in thirty million tables.
 */
export class KeyedHash {
  readonly #key0: number
  readonly #key1: number
  /** The lower and the upper half of the last {@link hash}; read before the next one. */
  low = 0
  high = 0
  /** One decision asks several times about the same text. */
  #text: string | undefined

  /** @param key Eight bytes; random unless a test needs to know them. */
  constructor(key: Buffer = randomBytes(8)) {
    this.#key0 = key.readInt32LE(0)
    this.#key1 = key.readInt32LE(4)
  }

  /** Hashes UTF-16 code units, two to a word, and the length. */
  hash(text: string): void {
    if (text === this.#text) return
    this.#text = text
    let v0 = this.#key0
    let v1 = this.#key1 ^ 0xee
    let v2 = this.#key0 ^ 0x6c796765
    let v3 = this.#key1 ^ 0x74656462
    const { length } = text
    const words = (length >> 1) + 1
    for (let index = 0; index < words + 3; index++) {
      let word = 0
      if (index < words - 1) word = text.charCodeAt(2 * index) | (text.charCodeAt(2 * index + 1) << 16)
      else if (index === words - 1) word = (length << 16) | (length & 1 ? text.charCodeAt(length - 1) : 0)
      else if (index === words) v2 ^= 0xee
      v3 ^= word
      v0 = (v0 + v1) | 0
      v1 = (v1 << 5) | (v1 >>> 27)
      v1 ^= v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = (v3 << 8) | (v3 >>> 24)
      v3 ^= v2
      v0 = (v0 + v3) | 0
      v3 = (v3 << 7) | (v3 >>> 25)
      v3 ^= v0
      v2 = (v2 + v1) | 0
      v1 = (v1 << 13) | (v1 >>> 19)
      v1 ^= v2
      v2 = (v2 << 16) | (v2 >>> 16)
      v0 ^= word
    }
    this.low = (v1 ^ v3) >>> 0
    v1 ^= 0xdd
    for (let round = 0; round < 3; round++) {
      v0 = (v0 + v1) | 0
      v1 = (v1 << 5) | (v1 >>> 27)
      v1 ^= v0
      v0 = (v0 << 16) | (v0 >>> 16)
      v2 = (v2 + v3) | 0
      v3 = (v3 << 8) | (v3 >>> 24)
      v3 ^= v2
      v0 = (v0 + v3) | 0
      v3 = (v3 << 7) | (v3 >>> 25)
      v3 ^= v0
      v2 = (v2 + v1) | 0
      v1 = (v1 << 13) | (v1 >>> 19)
      v1 ^= v2
      v2 = (v2 << 16) | (v2 >>> 16)
    }
    this.high = (v1 ^ v3) >>> 0
  }
}
