import type { Evidence, PurseName } from '../admission/decide.js'
import type { CaptchaVerdict } from '../types.js'

/** How a decision came about, beside the verdict. */
export interface DecisionTrace {
  readonly ticketHash?: string
  readonly userIp?: string
  readonly evidence?: Evidence
  readonly purse?: PurseName
  readonly purseRemaining?: number
  readonly circuit: 'closed' | 'suspect' | 'open'
}

const verdictFields = [
  'reason',
  'cause',
  'passed',
  'captchaCode',
  'errorCode',
  'requestId',
  'clientErrorCode',
  'durationMs',
] as const satisfies readonly (keyof CaptchaVerdict)[]

const traceFields = [
  'ticketHash',
  'userIp',
  'evidence',
  'purse',
  'purseRemaining',
  'circuit',
] as const satisfies readonly (keyof DecisionTrace)[]

/** The fields of a decision's line, by allow-list: never the ticket, the randstr, a secret or a body. */
export function decisionFields(
  event: string,
  captchaAppId: number,
  verdict: CaptchaVerdict,
  trace: DecisionTrace,
): object {
  const fields: Record<string, unknown> = { event, captchaAppId }
  for (const name of verdictFields) {
    if (verdict[name] !== undefined) fields[name] = verdict[name]
  }
  for (const name of traceFields) {
    if (trace[name] !== undefined) fields[name] = trace[name]
  }
  return fields
}
