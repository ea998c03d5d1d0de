import type { CaptchaVerdict } from '../admission/verdict.js'
import type { GuardParts } from './guard-parts.js'
import type { CheckInput } from './guard-types.js'
import { PendingDecision } from './pending-decision.js'
import type { RequestContext } from './request-context.js'

/** Makes `guard.check()`: the same decision without Express. */
export function checker(parts: GuardParts): (input: CheckInput) => Promise<CaptchaVerdict> {
  return async function check(input) {
    const { channel = parts.config.canaryChannel, signal, ...given } = checkInput(input)
    signal?.throwIfAborted()
    const { ticket, randstr, userIp, clientKey, knownAs, riskContext: risk } = given
    const token = { ticket, randstr }
    const context = parts.contexts.make({ req: undefined, channel, token, userIp, clientKey, knownAs, risk })
    return decide(parts, context, signal)
  }
}

function decide(parts: GuardParts, context: RequestContext, signal: AbortSignal | undefined): Promise<CaptchaVerdict> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      pending.abandon()
      reject(signal?.reason)
    }
    const pending = new PendingDecision(parts.policy, context, {
      report: (decision) => parts.report(decision, context),
      decided({ verdict }) {
        signal?.removeEventListener('abort', onAbort)
        resolve(verdict)
      },
      failed(error) {
        signal?.removeEventListener('abort', onAbort)
        reject(error)
      },
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    pending.start()
  })
}

/** Ticket, randstr and address may be anything: a caller sent them. The rest is the application's. */
function checkInput(input: CheckInput): CheckInput {
  if (typeof input !== 'object' || input === null) {
    throw new TypeError('tencent-captcha-guard: check() needs an object: { ticket, randstr, userIp }.')
  }
  if (input.signal !== undefined && !(input.signal instanceof AbortSignal)) {
    throw new TypeError('tencent-captcha-guard: check() got a `signal` that is no AbortSignal.')
  }
  return input
}
