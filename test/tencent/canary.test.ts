import { describe, expect, test } from '@jest/globals'
import type { CanaryReport } from '../../lib/site/circuit.js'
import {
  askCanary,
  type CanaryOptions,
  canaryReport,
  type HealthReport,
  healthReport,
} from '../../lib/tencent/canary.js'
import type { Reply } from '../../lib/tencent/classify-reply.js'
import type { Upstream } from '../../lib/tencent/upstream.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import { availabilityFailures, replies } from '../site/replies.js'
import { ManualClock } from '../support/manual-clock.js'

type ReplyName = keyof typeof replies

describe('what a canary says', () => {
  test.each<[ReplyName, CanaryReport]>([
    ['code 1', 'healthy'],
    ['code 1, EvilLevel 100', 'healthy'],
    ['code 7', 'healthy'],
    ['code 8', 'healthy'],
    ['code 9', 'healthy'],
    ['code 15', 'healthy'],
    ['code 16', 'healthy'],
    ['code 21', 'healthy'],
    ['code 4711', 'healthy'],
    ['InvalidParameter', 'healthy'],
    ['RequestLimitExceeded', 'healthy'],
    ['AuthFailure.SecretIdNotFound', 'healthy'],
    ['no credential', 'unknown'],
    ['aborted', 'unknown'],
    ['bug', 'unknown'],
    ['timeout, event loop blocked', 'unknown'],
  ])('with %s: %s', (name, report) => {
    expect(canaryReport(replies[name])).toBe(report)
  })

  test('with any availability failure: failed', () => {
    for (const reply of availabilityFailures) expect(canaryReport(reply)).toBe('failed')
  })
})

describe('what a health check says', () => {
  test.each<[ReplyName, Omit<HealthReport, 'durationMs'>]>([
    ['code 1', { status: 'reachable', captchaCode: 1 }],
    ['code 21', { status: 'reachable', captchaCode: 21 }],
    ['code 9', { status: 'reachable', captchaCode: 9 }],
    ['code 15', { status: 'misconfigured', captchaCode: 15 }],
    ['code 16', { status: 'misconfigured', captchaCode: 16 }],
    ['InvalidParameter', { status: 'reachable', errorCode: 'InvalidParameter' }],
    ['RequestLimitExceeded', { status: 'reachable', errorCode: 'RequestLimitExceeded' }],
    ['AuthFailure.SecretIdNotFound', { status: 'misconfigured', errorCode: 'AuthFailure.SecretIdNotFound' }],
    ['no credential', { status: 'misconfigured' }],
    ['aborted', { status: 'unreachable', cause: 'unreachable' }],
    ['timeout, event loop blocked', { status: 'unreachable', cause: 'timeout' }],
  ])('with %s', (name, report) => {
    expect(healthReport(replies[name], 12)).toEqual({ ...report, durationMs: 12 })
  })

  test('with any availability failure: unreachable, and why', () => {
    for (const reply of availabilityFailures) {
      expect(healthReport(reply, 12)).toEqual({ status: 'unreachable', cause: reply.cause, durationMs: 12 })
    }
  })

  test('never swallows a bug', () => {
    expect(() => healthReport(replies.bug, 12)).toThrow(replies.bug.error)
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
      close() {},
    }
    return { upstream, calls }
  }

  function ask(options: CanaryOptions): Promise<Reply> {
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
    expect((await ask({ ...options, channel: 'mini_program' })).kind).toBe('misconfigured')
    expect((await ask({ ...options, channel: 'web' })).kind).toBe('refused')
  })

  test('that is given up reports so', () => {
    const { upstream } = upstreamAnswering(healthy)
    const replies: string[] = []
    const options: CanaryOptions = { captchaAppId: 1, channel: 'web', upstream, clock: new ManualClock() }
    askCanary(options, 1000, ({ kind }) => replies.push(kind))()
    expect(replies).toEqual(['refused', 'aborted'])
  })
})
