const newline = 0x0a
const carriageReturn = 0x0d
const closingBrace = 0x7d
const needle = Buffer.from('captcha_')
const nothing = Buffer.alloc(0)

/** A longer line is no log line. It is dropped, so that a file without line ends needs no memory. */
const maxLineBytes = 1024 * 1024

/** Lines seen so far. */
export interface LineCounts {
  /** Lines that hold something. */
  readonly lines: number
  /** Lines that do not end as a JSON object does, and lines over 1 MiB. */
  readonly broken: number
}

/**
 * Splits chunks of a log into lines and passes on those that name a `captcha_` event. The others are never decoded: most of a
 * large log is not about CAPTCHA.
 */
export class LineScanner {
  readonly #onLine: (text: string) => void
  #rest: Buffer = nothing
  #isSkipping = false
  #lines = 0
  #broken = 0

  constructor(onLine: (text: string) => void) {
    this.#onLine = onLine
  }

  /** The chunk may be written to again once this returns. */
  push(chunk: Buffer): void {
    const firstEnd = this.#rest.length > 0 ? chunk.indexOf(newline) : -1
    if (this.#rest.length > 0 && firstEnd < 0) return this.#keep(Buffer.concat([this.#rest, chunk]))
    if (firstEnd >= 0) this.#scan(Buffer.concat([this.#rest, chunk.subarray(0, firstEnd + 1)]), 0)
    const start = this.#scan(chunk, firstEnd + 1)
    this.#keep(start === chunk.length ? nothing : Buffer.from(chunk.subarray(start)))
  }

  /** Takes what follows the last line end. */
  end(): void {
    if (this.#rest.length > 0) this.push(Buffer.from('\n'))
    this.#isSkipping = false
  }

  get counts(): LineCounts {
    return { lines: this.#lines, broken: this.#broken }
  }

  /** Takes the whole lines from `from` on. Returns where the last one ends. */
  #scan(buffer: Buffer, from: number): number {
    let start = from
    // Each byte is searched twice at most: for the line's end and for the next mention of an event.
    let mention = -2
    for (let end = buffer.indexOf(newline, start); end >= 0; end = buffer.indexOf(newline, start)) {
      if (mention !== -1 && mention < start) mention = buffer.indexOf(needle, start)
      this.#line(buffer, start, end, mention >= 0 && mention < end)
      start = end + 1
    }
    return start
  }

  #line(buffer: Buffer, start: number, lineEnd: number, mentionsEvent: boolean): void {
    if (this.#isSkipping) {
      this.#isSkipping = false
      return
    }
    const end = buffer[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd
    if (end <= start) return
    this.#lines++
    if (buffer[end - 1] !== closingBrace) this.#broken++
    else if (mentionsEvent) this.#onLine(buffer.toString('utf8', start, end))
  }

  #keep(rest: Buffer): void {
    this.#rest = rest
    if (rest.length <= maxLineBytes) return
    this.#rest = nothing
    if (this.#isSkipping) return
    this.#isSkipping = true
    this.#lines++
    this.#broken++
  }
}
