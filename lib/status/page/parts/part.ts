import type { Tone } from '../../findings.js'
import type { SiteStatus } from '../../status-report.js'
import type { Formats } from '../formats.js'
import { type Html, html } from '../html.js'
import type { StatusTexts } from '../texts.js'

/** What a part of the page is rendered from. */
export interface PartContext {
  readonly site: SiteStatus
  readonly texts: StatusTexts
  readonly formats: Formats
  /** Prefix of the ids of this site's elements. */
  readonly id: string
  /** The page's own time, milliseconds since 1970. */
  readonly nowMs: number
}

/** A column of a table; numbers are aligned to the right. */
export interface Column {
  readonly head: string
  readonly isNumber?: boolean
}

/** A table in a scroll box of its own, which the keyboard reaches. The first cell of a row names it. Without rows it says `none`. */
export function table(
  id: string,
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly unknown[])[],
  none = '',
): Html {
  if (rows.length === 0) return html`<p class="soft">${none}</p>`
  const kind = (index: number) => columns[index]?.isNumber && html` class="number"`
  return html`<div class="scroll" id="${id}" tabindex="0" role="group" aria-label="${caption}"><table>
<thead><tr>${columns.map(({ head }, index) => html`<th scope="col"${kind(index)}>${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) => html`<tr><th scope="row"${kind(0)}>${first}</th>${cells.map(
      (cell, index) => html`<td${kind(index + 1)}>${cell}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`
}

/** Facts as a list of terms; those without a value are left out. */
export function facts(pairs: readonly (readonly [string, unknown])[]): Html {
  return html`<dl class="facts">${pairs
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>`
}

/** A reason of the guard in the page's language; one that is not in the texts stays as the log has it. */
export function whyText({ whys }: StatusTexts, why: string): string {
  return whys[why] ?? why
}

/** How good a state of a path, the circuit or an endpoint is. */
export const toneOfState = {
  healthy: 'good',
  closed: 'good',
  suspect: 'warn',
  outage: 'bad',
  open: 'bad',
  failed: 'bad',
  unknown: 'plain',
} as const

/** The colours of a badge or a tile. */
export type PartTone = Tone | 'plain'

/** A short word with a colour behind it. */
export function badge(tone: PartTone, text: string): Html {
  return html`<span class="badge" data-tone="${tone}">${text}</span>`
}
