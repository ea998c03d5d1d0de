import { once } from 'node:events'
import { type FileHandle, open } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { createGunzip, type Gunzip } from 'node:zlib'

const chunkBytes = 256 * 1024
const unpackedBytes = 64 * 1024
const gzipMagic = [0x1f, 0x8b]

/** Compressed formats that are told apart by their first bytes and not read. */
const foreignFormats = [
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', unpack: 'xz -dc' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', unpack: 'zstd -dc' },
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', unpack: 'bzip2 -dc' },
] as const

/**
 * Reads a log, `-` for standard input; gzip is recognised by its content, several members included. A chunk may be overwritten
 * when the next one is asked for. `onBytes` is told the bytes read, as they are stored. Throws for a file that cannot be read, and
 * at the end of one that was cut off.
 */
export async function* readLog(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  const chunks = path === '-' ? process.stdin.iterator() : fileChunks(await open(path))
  try {
    const first: IteratorResult<Buffer> = await chunks.next()
    if (first.done) return
    const foreign = foreignFormats.find(({ magic }) => startsWith(first.value, magic))
    if (foreign)
      throw new Error(`it is ${foreign.name}; try: ${foreign.unpack} ${path} | tencent-captcha-guard report -`)
    const stored = countBytes(first.value, chunks, onBytes)
    yield* startsWith(first.value, gzipMagic) ? gunzip(stored) : stored
  } finally {
    await chunks.return?.()
  }
}

/** One buffer for all chunks: a stream would leave a gigabyte of them to the garbage collector. */
async function* fileChunks(file: FileHandle): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  try {
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, chunkBytes)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

async function* countBytes(first: Buffer, rest: AsyncIterator<Buffer>, onBytes: (bytes: number) => void) {
  for (let next: IteratorResult<Buffer> = { value: first }; !next.done; next = await rest.next()) {
    onBytes(next.value.length)
    yield next.value
  }
}

function gunzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacked = createGunzip({ chunkSize: unpackedBytes })
  // The reader of `unpacked` gets the error.
  feed(chunks, unpacked).catch((error: Error) => unpacked.destroy(error))
  return unpacked
}

/** Writes each chunk, and ends when everything is read: a stream that was cut off fails at its end, and drops what is not read then. */
async function feed(chunks: AsyncIterable<Buffer>, unpacked: Gunzip): Promise<void> {
  const closed = once(unpacked, 'close')
  for await (const chunk of chunks) {
    await Promise.race([new Promise((resolve) => unpacked.write(chunk, resolve)), closed])
    if (unpacked.destroyed) return
  }
  while (unpacked.readableLength > 0 && !unpacked.destroyed) await nextTurn()
  unpacked.end()
}

function startsWith(buffer: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => buffer[index] === byte)
}
