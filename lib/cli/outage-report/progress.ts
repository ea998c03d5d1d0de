const everyMs = 200

/** Shows on a terminal how far the reading is; writes nothing elsewhere. */
export class Progress {
  readonly #stream: NodeJS.WriteStream
  readonly #totalBytes: number | undefined
  #readBytes = 0
  #nextMs = 0

  /** `totalBytes`: size of all files, `undefined` where standard input is one of them. */
  constructor(stream: NodeJS.WriteStream, totalBytes: number | undefined) {
    this.#stream = stream
    this.#totalBytes = totalBytes
  }

  add(bytes: number): void {
    this.#readBytes += bytes
    if (!this.#stream.isTTY || performance.now() < this.#nextMs) return
    this.#nextMs = performance.now() + everyMs
    const share = this.#totalBytes ? `, ${Math.floor((100 * this.#readBytes) / this.#totalBytes)} %` : ''
    this.#stream.write(`\r\x1b[K${(this.#readBytes / 1e6).toFixed(0)} MB read${share}`)
  }

  /** Clears the line. */
  end(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[K')
  }
}
