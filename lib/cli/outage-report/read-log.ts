import { type FileHandle, open } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { constants, createGunzip } from 'node:zlib'

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
 * Reads a log, `-` for standard input; gzip is recognised by its content, several members included, and read as far as it goes
 * where it was cut off. A chunk may be overwritten when the next one is asked for. `onBytes` is told the bytes read, as they
 * are stored. Throws for a file that cannot be read.
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
  const unpacked = createGunzip({ chunkSize: unpackedBytes, finishFlush: constants.Z_SYNC_FLUSH })
  // The reader of `unpacked` gets the error.
  pipeline(Readable.from(copies(chunks), { objectMode: false }), unpacked, () => {})
  return unpacked
}

async function* copies(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
}

function startsWith(buffer: Buffer, bytes: readonly number[]): boolean {
  return bytes.every((byte, index) => buffer[index] === byte)
}
