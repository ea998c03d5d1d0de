import type { DecisionTrace } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'

/** What a line says beside the verdict: how the decision was made, and about whom. */
export interface LineTrace extends DecisionTrace {
  readonly ticketHash?: string | undefined
  readonly userIp?: string | undefined
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
  'stage',
  'rule',
  'ruleFrom',
  'evidence',
  'evidenceWhy',
  'purse',
  'purseUsed',
  'purseLimit',
  'purseRemaining',
  'exhaustedBy',
  'circuit',
] as const satisfies readonly (keyof LineTrace)[]

/** The fields of a decision's line, by allow-list: never the ticket, the randstr, a secret or a body. */
export function decisionFields(event: string, captchaAppId: number, verdict: CaptchaVerdict, trace: LineTrace): object {
  const fields: Record<string, unknown> = { event, captchaAppId }
  for (const name of verdictFields) {
    if (verdict[name] !== undefined) fields[name] = verdict[name]
  }
  for (const name of traceFields) {
    if (trace[name] !== undefined) fields[name] = trace[name]
  }
  // A verified ticket was decided on by Tencent; the reason says so.
  if (verdict.reason === 'verified') delete fields.stage
  return fields
}
