import type { CaptchaVerdict } from '../admission/verdict.js'
import { SharedListeners } from '../structures/shared-listeners.js'
import { errorForNext } from './error-for-next.js'
import type { GuardParts } from './guard-parts.js'
import type { CheckInput } from './guard-types.js'
import { holdProcess } from './hold-process.js'
import type { RequestContext } from './request-context.js'

/** Makes `guard.check()`: the same decision without Express. */
export function checker(parts: GuardParts): (input: CheckInput) => Promise<CaptchaVerdict> {
  const abortListeners = new SharedListeners<AbortSignal>((signal, run) =>
    signal.addEventListener('abort', run, { once: true }),
  )
  return async function check(input) {
    const { channel = parts.config.canaryChannel, signal, ...given } = checkInput(input)
    signal?.throwIfAborted()
    const { ticket, randstr, userIp, clientKey, knownAs, riskContext: risk } = given
    const token = { ticket, randstr }
    const context = parts.contexts.make({ req: undefined, channel, token, userIp, clientKey, knownAs, risk })
    return decide(parts, context, (onAbort) => signal && abortListeners.add(signal, () => onAbort(signal.reason)))
  }
}

/** Starts to listen for the end that the application's signal brings; returns what ends that, if there is a signal. */
type ListenForAbort = (onAbort: (reason: unknown) => void) => (() => void) | undefined

function decide(parts: GuardParts, context: RequestContext, listen: ListenForAbort): Promise<CaptchaVerdict> {
  return new Promise((resolve, reject) => {
    const pending = parts.decision(context, {
      report: (decision) => parts.report(decision, context),
      decided({ verdict }) {
        end()
        resolve(verdict)
      },
      failed(error) {
        end()
        // An application may hand it to `next`.
        reject(errorForNext(error))
      },
    })
    const letGo = holdProcess(parts.config.timeoutMs)
    const unlisten = listen((reason) => {
      end()
      pending.abandon()
      reject(reason)
    })
    function end(): void {
      letGo()
      unlisten?.()
    }
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
