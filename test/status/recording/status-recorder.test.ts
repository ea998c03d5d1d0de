import { describe, expect, test } from '@jest/globals'
import type { CaptchaReason } from '../../../lib/admission/cause-table.js'
import { decisionsKept } from '../../../lib/status/recording/degraded-decisions.js'
import { latencyTotal } from '../../../lib/status/recording/latency-histogram.js'
import { limitedClientsKept } from '../../../lib/status/recording/limit-refusals.js'
import { outagesKept } from '../../../lib/status/recording/outage-timeline.js'
import { StatusRecorder } from '../../../lib/status/recording/status-recorder.js'
import { ManualClock } from '../../support/manual-clock.js'

function recorderUnderTest() {
  const clock = new ManualClock()
  const recorder = new StatusRecorder(clock)
  let fieldsRead = 0
  const tell = (reason: CaptchaReason, change: { passed?: boolean; known?: boolean; fields?: object } = {}) => {
    const { passed = false, known = false, fields } = change
    const verdict = { reason, passed, degraded: fields !== undefined } as never
    recorder.verdict({
      verdict,
      known,
      fields: () => {
        fieldsRead++
        return { event: 'captcha_degraded', captchaAppId: 1, reason, passed, ...fields }
      },
    })
  }
  return { clock, recorder, tell, fieldsRead: () => fieldsRead }
}

describe('the recorder', () => {
  test('counts verdicts by minute and reason, and verified passes of known clients', async () => {
    const { clock, recorder, tell } = recorderUnderTest()
    tell('verified', { passed: true })
    tell('verified', { passed: true, known: true })
    tell('ticket_expired', { known: true })
    await clock.advance(60_000)
    tell('verified', { passed: true, known: true })
    const { counts, minute } = recorder.read()
    expect(minute).toBe(clock.epochMs() / 60_000)
    expect(counts.verified?.slice(-2)).toEqual([2, 1])
    expect(counts.known_verified?.slice(-2)).toEqual([1, 1])
    expect(counts.ticket_expired?.slice(-2)).toEqual([1, 0])
  })

  test('reads the fields of degraded decisions alone', () => {
    const { recorder, tell, fieldsRead } = recorderUnderTest()
    tell('verified', { passed: true })
    tell('ticket_missing')
    expect(fieldsRead()).toBe(0)
    tell('timeout', { passed: true, fields: { cause: 'timeout', purse: 'doubt' } })
    expect(fieldsRead()).toBe(1)
    expect(recorder.read().degraded).toEqual([
      { atMs: Date.UTC(2026, 0, 1), reason: 'timeout', passed: true, cause: 'timeout', purse: 'doubt' },
    ])
  })

  test('keeps the last 50 degraded decisions, newest first', () => {
    const { recorder, tell } = recorderUnderTest()
    for (let index = 0; index < 120; index++) tell('timeout', { passed: true, fields: { requestId: String(index) } })
    const kept = recorder.read().degraded.map(({ requestId }) => Number(requestId))
    expect(kept).toEqual(Array.from({ length: decisionsKept }, (_, index) => 119 - index))
  })

  test('counts who was refused by which limit, in bounded memory', () => {
    const { recorder, tell } = recorderUnderTest()
    const refuse = (userIp: string, exhaustedBy: string) =>
      tell('budget_exhausted', { fields: { purse: 'outage', exhaustedBy, userIp } })
    refuse('203.0.113.0/24', 'client')
    refuse('203.0.113.0/24', 'client')
    refuse('203.0.113.0/24', 'total')
    expect(recorder.read().limited).toMatchObject([
      { userIp: '203.0.113.0/24', purse: 'outage', by: 'client', refusals: 2 },
      { userIp: '203.0.113.0/24', purse: 'outage', by: 'total', refusals: 1 },
    ])
    expect(recorder.read().counts).toMatchObject({ outage_client: expect.any(Array), outage_total: expect.any(Array) })
    for (let index = 0; index < 1000; index++) refuse(`198.51.${index % 250}.${index}/24`, 'client')
    expect(recorder.read().limited).toHaveLength(limitedClientsKept)
  })

  test('keeps the times of answered calls and counts failed ones, by endpoint and bounded', () => {
    const { recorder } = recorderUnderTest()
    recorder.call('a', true, 40)
    recorder.call('a', false, 2000)
    for (let index = 0; index < 100; index++) recorder.call(`endpoint-${index}`, true, 1)
    const { latency } = recorder.read()
    expect(latency.length).toBeLessThanOrEqual(8)
    expect([latencyTotal(latency[0]?.answered ?? {}), latencyTotal(latency[0]?.failed ?? {})]).toEqual([1, 1])
  })

  test('keeps when outages began and ended, one for each path at a time', async () => {
    const { clock, recorder } = recorderUnderTest()
    const startMs = clock.epochMs()
    recorder.path('api', 'suspect', 'call_failed')
    recorder.path('api', 'outage', 'circuit open: canary_failed')
    recorder.path('client_path', 'outage', 'verified passes collapsed')
    await clock.advance(5_000)
    recorder.path('api', 'outage', 'another reason')
    recorder.path('api', 'healthy', 'the API answers')
    expect(recorder.read().outages).toEqual([
      { path: 'api', why: 'circuit open: canary_failed', fromMs: startMs, toMs: startMs + 5_000 },
      { path: 'client_path', why: 'verified passes collapsed', fromMs: startMs },
    ])
  })

  test('keeps the last 20 outages', async () => {
    const { clock, recorder } = recorderUnderTest()
    for (let index = 0; index < 50; index++) {
      recorder.path('api', 'outage', String(index))
      await clock.advance(10)
      recorder.path('api', 'healthy', '')
    }
    const { outages } = recorder.read()
    expect(outages).toHaveLength(outagesKept)
    expect(outages.at(-1)?.why).toBe('49')
  })

  test('keeps its minutes when the wall clock is set back', () => {
    const clock = new ManualClock()
    let epochShiftMs = 0
    const shifted = Object.assign(Object.create(clock) as ManualClock, {
      epochMs: () => clock.epochMs() + epochShiftMs,
      nowMs: () => clock.nowMs(),
    })
    const recorder = new StatusRecorder(shifted)
    const { minute } = recorder.read()
    epochShiftMs = -3_600_000
    expect(recorder.read().minute).toBe(minute)
  })
})
