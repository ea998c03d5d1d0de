import type { Outcome, TencentFacts } from '../../admission/outcome.js'
import { defaultTimeoutMs } from '../../options/schema.js'
import { isKeyMismatch } from '../../tencent/captcha-codes.js'
import { plainText } from '../plain-text.js'
import type { Measurement } from './measured-upstream.js'

/** One thing that was looked at. */
export interface Finding {
  readonly about: 'endpoint' | 'clock' | 'credentials' | 'app id and secret' | 'script host'
  /** `unknown`: could not be told, because something else is wrong. `skipped`: nothing to tell. */
  readonly state: 'ok' | 'wrong' | 'unknown' | 'skipped'
  readonly says: string
  /** What to do; only where something is wrong. */
  readonly fix?: string
}

/** What is known about the endpoint that was asked. */
export interface AskedEndpoint {
  /** False for one that was asked without the real AppSecretKey. */
  readonly isPreferred: boolean
  /** The variables that the keys come from, for advice. */
  readonly credentialSource: string
}

/** A canary of fallback form gets this code from a healthy API whose keys are right. */
const healthyCode = 21
/** Signatures over five minutes off are refused; a minute is no accident. */
const maxSkewMs = 60_000

/** Judges one canary: the endpoint, the clock, the credentials, app id and secret. */
export function judgeEndpoint(reply: Outcome, measurement: Measurement, asked: AskedEndpoint): readonly Finding[] {
  const facts = factsOf(reply)
  return [
    endpointFinding(reply, facts, measurement),
    clockFinding(measurement, facts),
    credentialFinding(facts, asked),
    keyFinding(facts, asked),
  ]
}

/** What Tencent said, or something in its place: no text of it reaches a terminal as it is. */
export function factsOf(reply: Outcome): TencentFacts {
  if (reply.kind === 'bug') return {}
  const { captchaMsg, errorCode, requestId } = reply.facts
  return {
    ...reply.facts,
    ...(captchaMsg !== undefined && { captchaMsg: plainText(captchaMsg) }),
    ...(errorCode !== undefined && { errorCode: plainText(errorCode) }),
    ...(requestId !== undefined && { requestId: plainText(requestId) }),
  }
}

function endpointFinding(reply: Outcome, facts: TencentFacts, { result, phases }: Measurement): Finding {
  const about = 'endpoint'
  if (reply.kind === 'bug')
    return { about, state: 'wrong', says: 'the check itself failed', fix: 'Report this as a bug.' }
  const isSlow = phases.totalMs > defaultTimeoutMs
  if (reply.kind !== 'degraded' || reply.cause === 'misconfigured' || reply.cause === 'throttled') {
    if (!isSlow) return { about, state: 'ok', says: `answers as the CAPTCHA API does, ${answerText(facts)}` }
    const fix = `Look for a slow proxy or name server, or raise the guard's timeoutMs (default ${defaultTimeoutMs}).`
    return {
      about,
      state: 'wrong',
      says: `answered after ${Math.round(phases.totalMs)} ms, ${answerText(facts)}`,
      fix,
    }
  }
  switch (reply.cause) {
    case 'timeout':
      return { about, state: 'wrong', says: `no whole answer within the deadline${reached(phases)}`, fix: egressFix }
    case 'unreachable': {
      const problem = 'problem' in result ? plainText(result.problem) : 'connection lost'
      return { about, state: 'wrong', says: `unreachable: ${problem}`, fix: unreachableFix(problem) }
    }
    case 'http_error': {
      const status = 'status' in result ? result.status : 0
      const says = `HTTP status ${status}; the CAPTCHA API answers every call with 200`
      return { about, state: 'wrong', says, fix: `${proxyFix} Or CAPTCHA_ENDPOINT names another service.` }
    }
    case 'bad_response':
      return { about, state: 'wrong', says: 'the answer is none of the CAPTCHA API', fix: proxyFix }
    default:
      // internal_error, system_busy.
      return {
        about,
        state: 'wrong',
        says: `a failure of Tencent's own: ${answerText(facts)}`,
        fix: 'Wait, and quote the RequestId to Tencent (4009100100) if it lasts. The guard degrades within its purses meanwhile.',
      }
  }
}

const egressFix = 'Allow this machine to reach the endpoint on its port, without a proxy in between.'
const proxyFix =
  'Something between this machine and Tencent answers in its place, a proxy or a login page: let the guard go round it.'

function unreachableFix(problem: string): string {
  if (problem === 'ENOTFOUND' || problem === 'EAI_AGAIN') {
    return 'The name does not resolve here: mend the name server of this machine, or leave this endpoint out of CAPTCHA_ENDPOINT.'
  }
  if (/CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO/.test(problem)) {
    return 'The certificate does not fit: something intercepts TLS, or the root certificates of this machine are too old.'
  }
  return egressFix
}

function reached({ connectMs, tlsMs, firstByteMs }: Measurement['phases']): string {
  if (firstByteMs !== undefined) return ': its head came, its body did not'
  if (tlsMs !== undefined || connectMs !== undefined) return ', although connected'
  return ', not even a connection'
}

function clockFinding({ clock }: Measurement, { errorCode }: TencentFacts): Finding {
  const about = 'clock'
  const fix = 'Set the clock of this machine (NTP): Tencent refuses signatures that are over 5 minutes off.'
  if (clock === undefined) {
    return errorCode === 'AuthFailure.SignatureExpire'
      ? { about, state: 'wrong', says: 'Tencent says the signature has expired', fix }
      : { about, state: 'skipped', says: 'no answer with a date to compare with' }
  }
  const { aheadMs, uncertaintyMs } = clock
  const seconds = (ms: number) => `${(Math.abs(ms) / 1000).toFixed(1)} s`
  const isRight = Math.abs(aheadMs) <= uncertaintyMs
  const says = isRight
    ? `right within ${seconds(uncertaintyMs)}`
    : `${seconds(aheadMs)} ${aheadMs > 0 ? 'ahead' : 'behind'} (give or take ${seconds(uncertaintyMs)})`
  const isWrong = Math.abs(aheadMs) - uncertaintyMs > maxSkewMs || errorCode === 'AuthFailure.SignatureExpire'
  return isWrong ? { about, state: 'wrong', says, fix } : { about, state: 'ok', says }
}

/** What to do about an API error, by how its code starts. */
const credentialFixes: readonly (readonly [start: string, fix: string])[] = [
  ['AuthFailure.SignatureExpire', 'See the clock.'],
  [
    'AuthFailure.SecretIdNotFound',
    'TENCENTCLOUD_SECRET_ID is unknown, deleted or disabled (CAM console, API keys); keys of an international account need CAPTCHA_SITE=international.',
  ],
  ['AuthFailure.InvalidSecretId', 'TENCENTCLOUD_SECRET_ID is none of a Tencent Cloud API key (CAM console, API keys).'],
  [
    'AuthFailure.SignatureFailure',
    'TENCENTCLOUD_SECRET_KEY does not belong to TENCENTCLOUD_SECRET_ID: copy both again.',
  ],
  ['AuthFailure.TokenFailure', 'Temporary keys need their own TENCENTCLOUD_SESSION_TOKEN, and end with it.'],
  ['AuthFailure', 'Copy TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY again (CAM console, API keys).'],
  [
    'UnauthorizedOperation',
    'Grant QcloudCaptchaFullAccess to the sub-account (CAM console), and look at package and bill (CAPTCHA console).',
  ],
  ['Ip', "The account's list of allowed addresses excludes this machine (CAM console)."],
]

const serviceFix =
  'CAPTCHA_SITE, CAPTCHA_ENDPOINT and CAPTCHA_CHANNEL do not fit together: this service does not know the call.'

function credentialFinding({ captchaCode, errorCode }: TencentFacts, { credentialSource }: AskedEndpoint): Finding {
  const about = 'credentials'
  const from = `from ${credentialSource}`
  // Only a call whose signature was accepted gets a code; 31 comes after it.
  if (captchaCode !== undefined) return { about, state: 'ok', says: `accepted, ${from}` }
  if (errorCode === undefined) return { about, state: 'unknown', says: `not judged, ${from}` }
  const fix = credentialFixes.find(([start]) => errorCode.startsWith(start))?.[1]
  if (fix !== undefined) return { about, state: 'wrong', says: `refused with ${errorCode}, ${from}`, fix }
  return { about, state: 'unknown', says: `not judged: ${errorCode}, ${from}` }
}

function keyFinding({ captchaCode, errorCode }: TencentFacts, { isPreferred }: AskedEndpoint): Finding {
  const about = 'app id and secret'
  if (captchaCode === undefined || captchaCode === 26) {
    const fix = errorCode === undefined ? undefined : fixOfUnjudged(errorCode)
    return { about, state: 'unknown', says: 'not judged', ...(fix && { fix }) }
  }
  if (!isPreferred)
    return { about, state: 'skipped', says: 'asked without the secret, which goes to the first endpoint alone' }
  if (captchaCode === healthyCode) return { about, state: 'ok', says: `belong together (CaptchaCode ${captchaCode})` }
  if (captchaCode === 31) {
    const fix = 'Buy a package or pay the bill (CAPTCHA console).'
    return { about, state: 'wrong', says: 'CaptchaCode 31: no valid package, or an unpaid bill', fix }
  }
  if (captchaCode === 1) {
    const says = 'CaptchaCode 1 for a ticket that no user solved: this is not what Tencent answers'
    return { about, state: 'wrong', says, fix: 'Find out what answers at this endpoint: it would verify every bot.' }
  }
  const says = `CaptchaCode ${captchaCode}, where ${healthyCode} was expected`
  const fix =
    isKeyMismatch(captchaCode) || captchaCode === 7
      ? 'CAPTCHA_APP_ID and CAPTCHA_APP_SECRET_KEY do not belong together, or are of another site or channel: copy both from the CAPTCHA console.'
      : 'Compare CAPTCHA_APP_ID, CAPTCHA_APP_SECRET_KEY and CAPTCHA_CHANNEL with the CAPTCHA console; if they are right, quote the RequestId to Tencent.'
  return { about, state: 'wrong', says, fix }
}

function fixOfUnjudged(errorCode: string): string | undefined {
  if (credentialFixes.some(([start]) => errorCode.startsWith(start))) return undefined
  if (/^(RequestLimitExceeded|LimitExceeded)/.test(errorCode))
    return "The account's rate limit is reached: check again in a minute."
  if (/^Internal|Unavailable/.test(errorCode)) return undefined
  return serviceFix
}

function answerText({ captchaCode, errorCode }: TencentFacts): string {
  if (captchaCode !== undefined) return `CaptchaCode ${captchaCode}`
  return errorCode === undefined ? 'no code' : `error ${errorCode}`
}
