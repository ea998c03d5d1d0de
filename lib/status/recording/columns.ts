import {
  type CaptchaReason,
  type DegradationCause,
  degradationCauses,
  type RefusalReason,
  refusalTable,
} from '../../admission/cause-table.js'
import type { PurseName } from '../../admission/question.js'

/** How a decision ended, as the chart groups it. */
export type VerdictFamily = 'verified' | 'degraded_pass' | 'degraded_refusal' | 'refusal'

/** One kind of verdict that is counted: `misconfigured` can pass and be refused, every other reason does one of them. */
export interface VerdictColumn {
  readonly key: string
  readonly family: VerdictFamily
  readonly reason: CaptchaReason
}

const passKey = (cause: DegradationCause) => (cause === 'misconfigured' ? 'misconfigured_passed' : cause)

/** Every kind of verdict, from what is best to what is worst for the user. */
export const verdictColumns: readonly VerdictColumn[] = [
  { key: 'verified', family: 'verified', reason: 'verified' },
  ...degradationCauses.map((cause) => ({ key: passKey(cause), family: 'degraded_pass', reason: cause }) as const),
  ...(Object.keys(refusalTable) as RefusalReason[])
    .map((reason) => {
      const family = refusalTable[reason].degraded ? 'degraded_refusal' : 'refusal'
      return { key: reason, family, reason } as const
    })
    .sort((a, b) => a.family.localeCompare(b.family)),
]

/** Counts beside the verdicts: verified passes of known clients, and refusals by each limit of each purse. */
export const otherColumns = ['known_verified', 'outage_client', 'outage_total', 'doubt_client', 'doubt_total'] as const

/** Every column of the minutes, by name. */
export const columnKeys: readonly string[] = [...verdictColumns.map(({ key }) => key), ...otherColumns]

const indexes: ReadonlyMap<string, number> = new Map(columnKeys.map((key, index) => [key, index]))

/** Position of a column; `undefined` for a name that this release does not know. */
export function columnIndex(key: string): number | undefined {
  return indexes.get(key)
}

/** Name of the column that counts this verdict. */
export function verdictColumnKey(reason: CaptchaReason, passed: boolean): string {
  return passed && reason === 'misconfigured' ? passKey(reason) : reason
}

/** Name of the column that counts refusals of one limit. */
export function limitColumnKey(purse: PurseName, by: 'client' | 'total'): (typeof otherColumns)[number] {
  return `${purse}_${by}`
}
