import { describe, expect, test } from '@jest/globals'
import type { Outcome } from '../../lib/admission/outcome.js'
import { askCanary, type CanaryOptions, type HealthReport, healthReport } from '../../lib/tencent/canary.js'
import type { Upstream } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { availabilityFailures, type OutcomeName, outcomes } from '../admission/outcomes.js'
import { ManualClock } from '../support/manual-clock.js'

describe('what a health check says', () => {
  test.each<[OutcomeName, Omit<HealthReport, 'durationMs'>]>([
    ['code 1', { status: 'reachable', captchaCode: 1 }],
    ['code 21', { status: 'reachable', captchaCode: 21 }],
    ['code 9', { status: 'reachable', captchaCode: 9 }],
    ['code 15', { status: 'misconfigured', captchaCode: 15 }],
    ['code 16', { status: 'misconfigured', captchaCode: 16 }],
    ['InvalidParameter', { status: 'reachable', errorCode: 'InvalidParameter' }],
    ['RequestLimitExceeded', { status: 'reachable', errorCode: 'RequestLimitExceeded' }],
    ['AuthFailure.SecretIdNotFound', { status: 'misconfigured', errorCode: 'AuthFailure.SecretIdNotFound' }],
    ['no credential', { status: 'misconfigured' }],
    ['a call given up', { status: 'unreachable', cause: 'unreachable' }],
    ['timeout, event loop blocked', { status: 'unreachable', cause: 'timeout' }],
  ])('with %s', (name, report) => {
    expect(healthReport(outcomes[name], 12)).toEqual({ ...report, durationMs: 12 })
  })

  test('with any availability failure: unreachable, and why', () => {
    for (const { cause, outcome } of availabilityFailures) {
      expect(healthReport(outcome, 12)).toEqual({ status: 'unreachable', cause, durationMs: 12 })
    }
  })

  test.each<['ticket_invalid' | 'app_mismatch', number]>([
    ['ticket_invalid', 15],
    ['ticket_invalid', 10],
    ['app_mismatch', 100],
    ['app_mismatch', 7],
  ])('with %s, code %i, is that app id or secret key is wrong', (reason, captchaCode) => {
    const outcome: Outcome = { kind: 'refused', reason, facts: { captchaCode } }
    expect(healthReport(outcome, 12)).toEqual({ status: 'misconfigured', captchaCode, durationMs: 12 })
  })

  test('is an exception where the canary ended in one', () => {
    expect(() => healthReport(outcomes['a bug'], 12)).toThrow(outcomes['a bug'].error)
  })
})

describe('a canary', () => {
  function upstreamAnswering(result: UpstreamResult): { upstream: Upstream; calls: unknown[] } {
    const calls: unknown[] = []
    const upstream: Upstream = {
      verify(call, timeoutMs, done) {
        calls.push({ ...call, timeoutMs })
        done(result)
        return () => done({ kind: 'aborted' })
      },
    }
    return { upstream, calls }
  }

  function ask(options: CanaryOptions): Promise<Outcome> {
    return new Promise((resolve) => askCanary(options, 1000, resolve))
  }

  const healthy: UpstreamResult = { kind: 'sdk_result', result: { CaptchaCode: 21 } }

  test('asks about a fallback ticket of this very second, of this app, that no user holds', async () => {
    const clock = new ManualClock(1_700_000_000_000)
    await clock.advance(1999)
    const { upstream, calls } = upstreamAnswering(healthy)
    const reply = await ask({ captchaAppId: 190_000_001, channel: 'web', upstream, clock })
    expect(reply).toMatchObject({ kind: 'refused', facts: { captchaCode: 21 } })
    expect(calls).toEqual([
      {
        channel: 'web',
        ticket: 'trerror_1001_190000001_1700000001',
        randstr: '@canary',
        userIp: '119.29.29.29',
        timeoutMs: 1000,
      },
    ])
  })

  test('reads the answer by the table of its channel', async () => {
    const { upstream } = upstreamAnswering({ kind: 'sdk_result', result: { CaptchaCode: 31 } })
    const options = { captchaAppId: 1, upstream, clock: new ManualClock() }
    const miniProgram = await ask({ ...options, channel: 'mini_program' })
    expect(miniProgram).toMatchObject({ kind: 'degraded', cause: 'misconfigured' })
    expect(await ask({ ...options, channel: 'web' })).toMatchObject({ kind: 'refused', reason: 'rejected' })
  })

  test('that is given up reports so', () => {
    const { upstream } = upstreamAnswering(healthy)
    const replies: unknown[] = []
    const options: CanaryOptions = { captchaAppId: 1, channel: 'web', upstream, clock: new ManualClock() }
    askCanary(options, 1000, (reply) => replies.push(reply))()
    expect(replies).toMatchObject([{ kind: 'refused' }, { kind: 'degraded', cause: 'circuit_open' }])
  })
})
