import { maxOverrideMs, type OverrideMode } from '../../admission/question.js'

const maxReason = 200
const maxName = 64

/** An override as a form or JSON asks for it. */
export interface OverrideWish {
  readonly mode: OverrideMode
  readonly forMs: number | undefined
  readonly reason: string
}

/** A field that is wrong. */
export type WrongField = 'mode' | 'forMs' | 'reason'

/**
 * Reads `{ mode, forMs, reason }`. `pass` needs `forMs`; both `pass` and `verify_only` need a reason of at most 200 characters.
 * Returns the name of the first field that is wrong.
 */
export function readOverride(fields: Readonly<Record<string, unknown>>): OverrideWish | WrongField {
  const { mode } = fields
  if (mode !== 'pass' && mode !== 'verify_only' && mode !== 'none') return 'mode'
  const reason = fields.reason === undefined ? '' : plainLine(fields.reason)
  if (reason === undefined || reason.length > maxReason || (reason === '' && mode !== 'none')) return 'reason'
  if (mode === 'none') return { mode, forMs: undefined, reason }
  const forMs = readDuration(fields.forMs)
  if (forMs === 'wrong' || (forMs === undefined && mode === 'pass')) return 'forMs'
  return { mode, forMs, reason }
}

/** A number, or its digits: a form has only texts. `undefined` where it is absent or empty. */
function readDuration(value: unknown): number | undefined | 'wrong' {
  if (value === undefined || value === null || value === '') return undefined
  const ms = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value
  return typeof ms === 'number' && Number.isInteger(ms) && ms >= 1 && ms <= maxOverrideMs ? ms : 'wrong'
}

/** Who set it and why, in one line of bounded length, for the log and the other processes. */
export function setBy(name: string | undefined, reason: string): string {
  const who = plainLine(name)?.slice(0, maxName) || 'status page'
  return reason === '' ? who : `${who}: ${reason}`
}

/** Without control and formatting characters: a reason is one line of the log, and must not reorder what stands beside it. */
function plainLine(value: unknown): string | undefined {
  return typeof value === 'string' ? value.replace(/\p{C}+/gu, ' ').trim() : undefined
}
