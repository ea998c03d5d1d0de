import type { InputRefusal } from '../admission/cause-table.js'
import type { CaptchaChannel } from '../types.js'

/** What a `CaptchaCode` means; the decision about it is made elsewhere. */
export type CaptchaCodeMeaning = 'ok' | 'system_busy' | 'misconfigured' | InputRefusal

/**
 * Web and App, `DescribeCaptchaResult`. 26 is missing from the vendor's current list, but its disaster-recovery document
 * requires failing over on it.
 */
const webCodes: Readonly<Record<number, CaptchaCodeMeaning>> = {
  1: 'ok',
  7: 'randstr_mismatch',
  8: 'ticket_expired',
  9: 'ticket_reused',
  15: 'ticket_invalid',
  16: 'app_mismatch',
  21: 'risk_rejected',
  26: 'system_busy',
  100: 'app_mismatch',
}

/** WeChat mini program, `DescribeCaptchaMiniResult`: 7 has another meaning than on the web, and 31 is an unpaid bill. */
const miniProgramCodes: Readonly<Record<number, CaptchaCodeMeaning>> = {
  1: 'ok',
  7: 'app_mismatch',
  8: 'ticket_expired',
  9: 'ticket_reused',
  10: 'ticket_invalid',
  15: 'ticket_invalid',
  16: 'app_mismatch',
  21: 'risk_rejected',
  25: 'ticket_invalid',
  26: 'system_busy',
  31: 'misconfigured',
  100: 'app_mismatch',
}

const codesByChannel = { web: webCodes, mini_program: miniProgramCodes } satisfies Record<CaptchaChannel, unknown>

/** An unknown code is refused: only what is known to be Tencent's fault may degrade. */
export function captchaCodeMeaning(channel: CaptchaChannel, captchaCode: number): CaptchaCodeMeaning {
  return codesByChannel[channel][captchaCode] ?? 'rejected'
}

const keyMismatchCodes: ReadonlySet<number | undefined> = new Set([15, 16, 100])

/** Whether a code is one that every ticket gets, good or bad, where app id and secret key do not belong together. */
export function isKeyMismatch(captchaCode: number | undefined): boolean {
  return keyMismatchCodes.has(captchaCode)
}
