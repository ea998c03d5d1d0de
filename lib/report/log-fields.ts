import type { DecisionTrace, PurseName } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { LateVerdict } from '../site/late-verification.js'
import { sha256 } from '../structures/sha256.js'

/** What a line says beside the verdict: how the decision was made, and about whom. */
export interface LineTrace extends DecisionTrace {
  readonly guardId?: string
  readonly ticketHash?: string | undefined
  readonly userIp?: string | undefined
  /** Whether the client had history before this decision. */
  readonly clientKnown?: boolean
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
  'guardId',
  'ticketHash',
  'userIp',
  'clientKnown',
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

/** The event of a decision's line. */
export function decisionEvent({ degraded, passed }: CaptchaVerdict): string {
  if (degraded) return 'captcha_degraded'
  return passed ? 'captcha_verified' : 'captcha_refused'
}

/** The fields of a decision's line, by allow-list: never the ticket, the randstr, a secret or a body. */
export function decisionFields(
  event: string,
  captchaAppId: number,
  verdict: CaptchaVerdict,
  trace: LineTrace,
): Record<string, unknown> {
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

/** Names a ticket in the log: the first 12 hex digits of its SHA-256. The ticket itself, which may still be good, is never there. */
export function ticketHashOf(ticket: string): string {
  return sha256(ticket).slice(0, 12)
}

/** The event of a late verdict's line. */
export const lateEvent = 'captcha_late_verdict'

/** What a late verdict's line says of the pass. */
export interface LateTrace {
  readonly guardId: string
  readonly ticketHash: string
  readonly userIp: string | undefined
  readonly purse: PurseName | undefined
  /** ISO 8601: when the request passed. */
  readonly passedAt: string
}

/** The fields of a late verdict's line: what Tencent said late, and about which pass. */
export function lateFields(
  captchaAppId: number,
  { cause }: CaptchaVerdict,
  lateVerdict: LateVerdict,
  { guardId, ticketHash, userIp, purse, passedAt }: LateTrace,
): Record<string, unknown> {
  return {
    event: lateEvent,
    captchaAppId,
    guardId,
    ...(cause && { cause }),
    ...lateVerdict,
    ticketHash,
    ...(userIp && { userIp }),
    ...(purse && { purse }),
    passedAt,
  }
}
