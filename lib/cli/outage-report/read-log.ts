import { createReadStream } from 'node:fs'
import { pipeline, Readable } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'

const chunkBytes = 1024 * 1024

/** Compressed formats that are told apart by their first bytes and not read. */
const foreignFormats = [
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz', unpack: 'xz -dc' },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], name: 'zstd', unpack: 'zstd -dc' },
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2', unpack: 'bzip2 -dc' },
] as const

/**
 * Reads a log, `-` for standard input; gzip is recognised by its content, several members included. A file that was cut off is
 * read as far as it goes. `onBytes` is told the bytes read, as they are stored. Throws for a file that cannot be read.
 */
export async function* readLog(path: string, onBytes: (bytes: number) => void): AsyncGenerator<Buffer> {
  const input: Readable = path === '-' ? process.stdin : createReadStream(path, { highWaterMark: chunkBytes })
  const chunks = input[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const first = await chunks.next()
  if (first.done) return
  const foreign = foreignFormats.find(({ magic }) => startsWith(first.value, magic))
  if (foreign) {
    input.destroy()
    throw new Error(`${path} is ${foreign.name}: ${foreign.unpack} ${path} | tencent-captcha-guard report -`)
  }
  const stored = countBytes(first.value, chunks, onBytes)
  yield* startsWith(first.value, [0x1f, 0x8b]) ? gunzip(stored) : stored
}

async function* countBytes(first: Buffer, rest: AsyncIterator<Buffer>, onBytes: (bytes: number) => void) {
  for (let next: IteratorResult<Buffer> = { value: first }; !next.done; next = await rest.next()) {
    onBytes(next.value.length)
    yield next.value
  }
}

function gunzip(chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unpacked = createGunzip({ chunkSize: chunkBytes, finishFlush: constants.Z_SYNC_FLUSH })
  // The reader of `unpacked` gets the error.
  pipeline(Readable.from(chunks, { objectMode: false }), unpacked, () => {})
  return unpacked
}

function startsWith(buffer: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => buffer[index] === byte)
}
