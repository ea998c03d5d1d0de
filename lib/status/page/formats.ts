import type { Language } from './texts.js'

const locales: Readonly<Record<Language, string>> = { en: 'en-GB', zh: 'zh-CN' }

/** Numbers, durations and times as one language writes them; times in the server's zone. */
export class Formats {
  readonly #language: Language
  readonly #number: Intl.NumberFormat
  readonly #time: Intl.DateTimeFormat
  readonly #seconds: Intl.DateTimeFormat
  readonly #dated: Intl.DateTimeFormat
  readonly #day: Intl.DateTimeFormat
  readonly #nowMs: number

  /** @param nowMs the page's own time, milliseconds since 1970 */
  constructor(language: Language, nowMs: number) {
    const locale = locales[language]
    const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
    this.#language = language
    this.#nowMs = nowMs
    this.#number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
    this.#time = new Intl.DateTimeFormat(locale, clock)
    this.#seconds = new Intl.DateTimeFormat(locale, { ...clock, second: '2-digit' })
    this.#dated = new Intl.DateTimeFormat(locale, { ...clock, month: 'short', day: 'numeric' })
    this.#day = new Intl.DateTimeFormat(locale, { dateStyle: 'short' })
  }

  /** `1,234.5`. */
  number(value: number): string {
    return this.#number.format(value)
  }

  /** `37 %`. */
  percent(share: number): string {
    const percent = this.#number.format(Math.round(100 * share))
    return this.#language === 'zh' ? `${percent}%` : `${percent} %`
  }

  /** `02:13`, with the date where it is not today. */
  time(epochMs: number): string {
    const isToday = this.#day.format(epochMs) === this.#day.format(this.#nowMs)
    return (isToday ? this.#time : this.#dated).format(epochMs)
  }

  /** `02:13:45`. */
  seconds(epochMs: number): string {
    return this.#seconds.format(epochMs)
  }

  /** `3 h 5 min`. */
  duration(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1000))
    const minutes = Math.floor(seconds / 60)
    const hours = Math.floor(minutes / 60)
    const days = Math.floor(hours / 24)
    const [d, h, min, s] = this.#language === 'zh' ? ['天', '小时', '分钟', '秒'] : ['d', 'h', 'min', 's']
    const parts =
      days > 0
        ? [`${days} ${d}`, hours % 24 > 0 && `${hours % 24} ${h}`]
        : hours > 0
          ? [`${hours} ${h}`, minutes % 60 > 0 && `${minutes % 60} ${min}`]
          : minutes > 0
            ? [`${minutes} ${min}`]
            : [`${seconds} ${s}`]
    return parts.filter(Boolean).join(' ')
  }

  /** How long ago this was. */
  since(epochMs: number): string {
    return this.duration(this.#nowMs - epochMs)
  }

  /** `340 ms`. */
  milliseconds(ms: number): string {
    return this.#language === 'zh' ? `${this.number(ms)} 毫秒` : `${this.number(ms)} ms`
  }

  /** The server's time zone: `UTC`, `GMT+8`. */
  get zone(): string {
    const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(this.#nowMs)
    return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  }
}
