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

  push(chunk: Buffer): void {
    const buffer = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let start = 0
    // Each byte is searched twice at most: for the line's end and for the next mention of an event.
    let mention = -2
    for (let end = buffer.indexOf(newline); end >= 0; end = buffer.indexOf(newline, start)) {
      if (mention !== -1 && mention < start) mention = buffer.indexOf(needle, start)
      this.#line(buffer, start, end, mention >= 0 && mention < end)
      start = end + 1
    }
    // A copy: a slice would keep the whole chunk in memory.
    this.#rest = start === buffer.length ? nothing : Buffer.from(buffer.subarray(start))
    if (this.#rest.length > maxLineBytes) this.#skipRest()
  }

  /** Takes what follows the last line end. */
  end(): void {
    if (this.#rest.length > 0) this.push(Buffer.from('\n'))
    this.#isSkipping = false
  }

  get counts(): LineCounts {
    return { lines: this.#lines, broken: this.#broken }
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

  #skipRest(): void {
    this.#rest = nothing
    if (this.#isSkipping) return
    this.#isSkipping = true
    this.#lines++
    this.#broken++
  }
}
