import type { LogLine, Tone, VerdictEntry } from '../wire.js'
import { element, say, tag } from './dom.js'

const shownVerdicts = 12
const shownLines = 40
/** By pino's levels: debug, warn, error, fatal. */
const tones: Record<number, Tone> = { 20: 'good', 40: 'warn', 50: 'bad', 60: 'bad' }
/** Fields that every line has, or that the page shows elsewhere. */
const omitted = new Set(['event', 'req', 'res', 'captchaAppId', 'passed', 'err'])

/** The last verdicts and log lines, newest first. */
export class LiveLists {
  readonly #verdicts: HTMLElement
  readonly #log: HTMLElement
  #lastRow: { readonly key: string; readonly count: number; readonly node: HTMLElement } | undefined

  constructor(verdicts: HTMLElement, log: HTMLElement) {
    this.#verdicts = verdicts
    this.#log = log
  }

  /** Removes the entries; what stands in an empty list stays. */
  clear(): void {
    for (const list of [this.#verdicts, this.#log])
      for (const item of list.querySelectorAll(':scope > :not(.empty)')) item.remove()
    this.#lastRow = undefined
  }

  /** Adds a row. Equal verdicts in a row are one row with a count, so that a flood does not push the others out of sight. */
  addVerdict(entry: VerdictEntry): void {
    const key = JSON.stringify([entry.path, entry.status, entry.reason, entry.cause])
    const repeated = this.#lastRow?.key === key ? this.#lastRow : undefined
    const count = (repeated?.count ?? 0) + 1
    const node = verdictRow(entry, count)
    if (repeated) repeated.node.replaceWith(node)
    else addNewest(this.#verdicts, node, shownVerdicts)
    this.#lastRow = { key, count, node }
  }

  addLine({ level, time, msg, responseTime, ...fields }: LogLine): void {
    const line = element('li', '')
    line.dataset.tone = tones[level] ?? ''
    const details = Object.entries(fields)
      .filter(([name]) => !omitted.has(name))
      .map(([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : value}`)
    if (responseTime !== undefined) details.push(`${responseTime} ms`)
    line.append(element('span', clock(time), 'time'), element('b', msg), element('span', details.join(' '), 'detail'))
    addNewest(this.#log, line, shownLines)
  }
}

function verdictRow(entry: VerdictEntry, count: number): HTMLElement {
  const { at, path, status, reason, cause, durationMs } = entry
  const detail = cause && cause !== reason ? `${reason} (${cause})` : reason
  const verdict = element('td', '')
  verdict.append(verdictTag(entry), ' ', element('span', reason === 'verified' ? '' : detail, 'detail'))
  if (count > 1) verdict.append(' ', element('b', `× ${count}`))
  const row = element('tr', '')
  row.append(
    element('td', clock(at), 'time'),
    element('td', path),
    verdict,
    element('td', String(status), 'number'),
    element('td', `${durationMs} ms`, 'number took'),
  )
  return row
}

function verdictTag({ passed, degraded }: VerdictEntry): HTMLElement {
  const [text, tone]: [string, Tone] = !passed
    ? [say('Refused', '拒绝'), 'bad']
    : degraded
      ? [say('Degraded pass', '降级放行'), 'warn']
      : [say('Verified', '已验证'), 'good']
  return tag(text, tone)
}

function addNewest(list: HTMLElement, item: HTMLElement, most: number): void {
  list.querySelector('.empty')?.remove()
  list.prepend(item)
  while (list.children.length > most) list.lastElementChild?.remove()
}

function clock(epochMs: number): string {
  return new Date(epochMs).toLocaleTimeString('en-GB')
}
