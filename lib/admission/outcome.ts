import { type CauseRow, causeTable, type DegradationCause, type InputRefusal } from './cause-table.js'

/** What Tencent, or the fallback ticket, said. Absent fields were not said. */
export interface TencentFacts {
  /** `CaptchaCode` of the reply. Tables: the vendor's `DescribeCaptchaResult` and `DescribeCaptchaMiniResult`. */
  readonly captchaCode?: number
  /** `CaptchaMsg` of the reply, for people; never compare it. */
  readonly captchaMsg?: string
  /** `EvilLevel`, 0 to 100; 100 is malicious (invisible mode). */
  readonly evilLevel?: number
  /** `Score`, 0 to 100; higher is more bot-like. */
  readonly score?: number
  /** `EvilBitmap`: bits for the kinds of risk that Tencent saw. */
  readonly evilBitmap?: number
  /** `DeviceRiskCategory`: the kinds of risk of the device. */
  readonly deviceRiskCategory?: string
  /** `GetCaptchaTime`: Unix seconds at which the user got the challenge; with `needGetCaptchaTime` of `riskContext`. */
  readonly getCaptchaTime?: number
  /** `SubmitCaptchaTime`: Unix seconds at which the user solved it. */
  readonly submitCaptchaTime?: number
  /** `Response.Error.Code` of API 3.0. */
  readonly errorCode?: string
  /** `RequestId`: quote it to the vendor. */
  readonly requestId?: string
  /** The error code inside a fallback ticket. A claim of the caller, no evidence. */
  readonly clientErrorCode?: number
}

/** A missing verdict. */
export interface DegradedOutcome {
  readonly kind: 'degraded'
  readonly cause: DegradationCause
  readonly facts: TencentFacts
  /** False where the failure may be our own (a blocked event loop, no descriptor left, keys that could not be fetched): it says nothing about Tencent. */
  readonly isEvidence: boolean
  /** Whether a call was made. */
  readonly wasSent: boolean
  /** What only the operator can mend, for the log. */
  readonly problem?: string
}

/** What is known about a ticket before a missing verdict is decided on; a reply of Tencent's is one. */
export type Outcome =
  | { readonly kind: 'verified'; readonly facts: TencentFacts }
  | {
      readonly kind: 'refused'
      readonly reason: InputRefusal | 'fallback_stale' | 'fallback_replayed'
      readonly facts: TencentFacts
    }
  | DegradedOutcome
  /** An exception that nothing classified. It is thrown on: a bug never passes a request. */
  | { readonly kind: 'bug'; readonly error: unknown }

/** No facts, shared. */
export const noFacts: TencentFacts = Object.freeze({})

/** A missing verdict; as of a call that Tencent failed, unless told otherwise. */
export function degraded(
  cause: DegradationCause,
  {
    facts = noFacts,
    isEvidence = true,
    wasSent = true,
    problem,
  }: Partial<Omit<DegradedOutcome, 'kind' | 'cause'>> = {},
): DegradedOutcome {
  return { kind: 'degraded', cause, facts, isEvidence, wasSent, ...(problem !== undefined && { problem }) }
}

/**
 * What the circuit learns from a call. What a caller can cause is neutral: neither success nor failure. `refused` is neutral,
 * too: a `CaptchaCode` that says no, and that the API answers.
 */
export type CallReport = CauseRow['circuit'] | 'success' | 'refused'

/** What the circuit learns from this reply. */
export function circuitReport(reply: Outcome): CallReport {
  switch (reply.kind) {
    case 'verified':
      return 'success'
    case 'refused': {
      const { captchaCode, errorCode } = reply.facts
      // An API error is no verdict, whatever stands beside it.
      if (captchaCode === undefined || errorCode !== undefined) return 'neutral'
      // Code 1 with EvilLevel 100 refuses the user; Tencent answered as it should.
      return captchaCode === 1 ? 'success' : 'refused'
    }
    case 'degraded':
      return reply.isEvidence ? causeTable[reply.cause].circuit : 'neutral'
    case 'bug':
      return 'neutral'
  }
}

/** What a canary says about Tencent. `unknown`: it was given up, or the failure may be this process's own. */
export type CanaryReport = CauseRow['canary']

/** What one probe of the vendor's script found. `unknown`: this machine could not even ask. */
export type ProbeReport = 'reachable' | 'unreachable' | 'unknown'

/** What a canary's reply says about Tencent. Every answer but an internal error is healthy, a refusal included. */
export function canaryReport(reply: Outcome): CanaryReport {
  switch (reply.kind) {
    case 'verified':
    case 'refused':
      return 'healthy'
    case 'degraded':
      return reply.isEvidence ? causeTable[reply.cause].canary : 'unknown'
    case 'bug':
      return 'unknown'
  }
}

/** Whether Tencent may have spent the ticket on a call whose answer never arrived. */
export function mayHaveSpent(reply: Outcome): boolean {
  return reply.kind === 'degraded' && reply.wasSent && causeTable[reply.cause].maySpend
}
