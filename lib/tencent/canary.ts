import type { DegradationCause } from '../admission/cause-table.js'
import type { Outcome, TencentFacts } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import type { CaptchaChannel } from '../types.js'
import { classifyReply } from './classify-reply.js'
import { buildFallbackTicket, clientErrorCodes } from './fallback-ticket.js'
import type { Upstream } from './upstream.js'

/** A public address of Tencent's own (its DNSPod resolver): the API wants one, and no user is behind it. */
const canaryUserIp = '119.29.29.29'

/** What one canary found; what `checkHealth()` resolves to. */
export interface HealthReport {
  readonly status: 'reachable' | 'misconfigured' | 'unreachable'
  readonly captchaCode?: number
  readonly errorCode?: string
  /** Present when unreachable. */
  readonly cause?: DegradationCause
  readonly durationMs: number
}

/** Who asks, and on which way. */
export interface CanaryOptions {
  readonly captchaAppId: number
  readonly channel: CaptchaChannel
  /** A way of the canary's own, where there is one. */
  readonly upstream: Upstream
  readonly clock: Clock
}

/**
 * Verifies a ticket of fallback form. By the vendor's document it is free of charge and answered with 21 when the API is
 * healthy, and no user's ticket is spent on finding out. Calls back once; returns a function that gives the canary up.
 */
export function askCanary(options: CanaryOptions, timeoutMs: number, done: (reply: Outcome) => void): () => void {
  const { captchaAppId, channel, upstream, clock } = options
  const ticket = buildFallbackTicket(clientErrorCodes.scriptLoadError, captchaAppId, clock.epochMs())
  const call = { channel, ticket, randstr: '@canary', userIp: canaryUserIp }
  return upstream.verify(call, timeoutMs, (result) => done(classifyReply(result, channel)))
}

/** What a canary's reply says to the operator. Throws what a reply of kind `bug` holds. */
export function healthReport(reply: Outcome, durationMs: number): HealthReport {
  switch (reply.kind) {
    case 'verified':
      return { status: 'reachable', ...codesOf(reply.facts), durationMs }
    case 'refused': {
      // A canary with the right app id and secret key is never refused for these.
      const isMismatch = reply.reason === 'ticket_invalid' || reply.reason === 'app_mismatch'
      return { status: isMismatch ? 'misconfigured' : 'reachable', ...codesOf(reply.facts), durationMs }
    }
    case 'degraded':
      if (reply.cause === 'misconfigured') return { status: 'misconfigured', ...codesOf(reply.facts), durationMs }
      if (reply.cause === 'throttled') return { status: 'reachable', ...codesOf(reply.facts), durationMs }
      // A canary that `close()` gave up has no other cause.
      return {
        status: 'unreachable',
        ...codesOf(reply.facts),
        cause: reply.cause === 'circuit_open' ? 'unreachable' : reply.cause,
        durationMs,
      }
    case 'bug':
      throw reply.error
  }
}

function codesOf({ captchaCode, errorCode }: TencentFacts) {
  return { ...(captchaCode !== undefined && { captchaCode }), ...(errorCode !== undefined && { errorCode }) }
}
