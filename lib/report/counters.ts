import { type CaptchaReason, captchaReasons } from '../admission/cause-table.js'

/** Verdicts since the start, for each reason. */
export type ReasonCounters = Record<CaptchaReason, number>

/** Exact counts by reason; every reason is there, also at zero. */
export function createCounters(): ReasonCounters {
  return Object.fromEntries(captchaReasons.map((reason) => [reason, 0])) as ReasonCounters
}
