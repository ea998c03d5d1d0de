import type { Clock } from '../clock.js'
import type { CanaryReport } from '../site/circuit.js'
import type { CaptchaChannel, DegradationCause } from '../types.js'
import { classifyReply, type Reply } from './classify-reply.js'
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

export interface CanaryOptions {
  readonly captchaAppId: number
  readonly channel: CaptchaChannel
  readonly upstream: Upstream
  readonly clock: Clock
}

/**
 * Verifies a ticket of fallback form. By the vendor's document it is free of charge and answered with 21 when the API is
 * healthy, and no user's ticket is spent on finding out. Calls `done` once, and returns what gives the canary up, on the
 * terms of {@link Upstream.verify}.
 */
export function askCanary(
  { captchaAppId, channel, upstream, clock }: CanaryOptions,
  timeoutMs: number,
  done: (reply: Reply) => void,
): () => void {
  const ticket = `trerror_1001_${captchaAppId}_${Math.floor(clock.epochMs() / 1000)}`
  const call = { channel, ticket, randstr: '@canary', userIp: canaryUserIp }
  return upstream.verify(call, timeoutMs, (result) => done(classifyReply(result, channel)))
}

/** Every answer but an internal error is a sign of life, a refusal included. Keys that could not be fetched are no answer. */
export function canaryReport(reply: Reply): CanaryReport {
  switch (reply.kind) {
    case 'verified':
    case 'refused':
    case 'throttled':
      return 'healthy'
    case 'misconfigured':
      return reply.problem === undefined ? 'healthy' : 'unknown'
    case 'unavailable':
      return reply.isEvidence ? 'failed' : 'unknown'
    case 'aborted':
    case 'bug':
      return 'unknown'
  }
}

/** Codes that a canary with the right app id and secret key never gets. */
const keyMismatchReasons = new Set(['ticket_invalid', 'app_mismatch'])

export function healthReport(reply: Reply, durationMs: number): HealthReport {
  switch (reply.kind) {
    case 'verified':
    case 'throttled':
      return { status: 'reachable', ...codesOf(reply), durationMs }
    case 'refused':
      return {
        status: keyMismatchReasons.has(reply.reason) ? 'misconfigured' : 'reachable',
        ...codesOf(reply),
        durationMs,
      }
    case 'misconfigured':
      return { status: 'misconfigured', ...codesOf(reply), durationMs }
    case 'unavailable':
      return { status: 'unreachable', ...codesOf(reply), cause: reply.cause, durationMs }
    case 'aborted':
      return { status: 'unreachable', cause: 'unreachable', durationMs }
    case 'bug':
      throw reply.error
  }
}

function codesOf({
  facts: { captchaCode, errorCode },
}: {
  readonly facts: { captchaCode?: number; errorCode?: string }
}) {
  return { ...(captchaCode !== undefined && { captchaCode }), ...(errorCode !== undefined && { errorCode }) }
}
