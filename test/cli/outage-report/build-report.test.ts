import { describe, expect, test } from '@jest/globals'
import { buildReport } from '../../../lib/cli/outage-report/build-report.js'
import type { CaptchaLine } from '../../../lib/cli/outage-report/captcha-line.js'
import { defaultBounds, LogTally, minuteMs, type TallyBounds } from '../../../lib/cli/outage-report/log-tally.js'
import { ended, lateVerdict, line, noonMs, pass, refusal, started } from './lines.js'

const read = { lines: 0, broken: 0, damagedFiles: [] }
const other = { pid: 2, hostname: 'web-2' }

function reportOf(lines: readonly CaptchaLine[], bounds: Partial<TallyBounds> = {}) {
  const tally = new LogTally({ ...defaultBounds, ...bounds })
  for (const each of lines) expect(tally.add(each)).toBe(true)
  return buildReport(tally, read)
}

function windowsOf(lines: readonly CaptchaLine[]) {
  return reportOf(lines).outages.map(({ fromMs, toMs, isEndLogged }) => [fromMs - noonMs, toMs - noonMs, isEndLogged])
}

describe('an outage', () => {
  test('lasts from the line that tells its start to the one that tells its end, which may wait for late verdicts', () => {
    expect(windowsOf([started(noonMs), ended(noonMs + 95_000, 90_000)])).toEqual([[0, 90_000, true]])
  })

  test('is found by its end alone, by decisions alone, and without an end', () => {
    expect(windowsOf([ended(noonMs + 90_000, 90_000)])).toEqual([[0, 90_000, true]])
    expect(windowsOf([pass(noonMs + 5000), pass(noonMs + 50_000)])).toEqual([[5000, 50_000, false]])
    expect(windowsOf([started(noonMs), pass(noonMs + 30_000), pass(noonMs + 70_000)])).toEqual([[0, 70_000, false]])
  })

  test('is one over all processes, and over a pause of less than a minute', () => {
    const lines = [
      started(noonMs),
      started(noonMs + 400, {}, other),
      ended(noonMs + 60_000, 60_000),
      ended(noonMs + 61_000, 60_600, {}, other),
      started(noonMs + 100_000),
      ended(noonMs + 130_000, 30_000),
    ]
    expect(windowsOf(lines)).toEqual([[0, 130_000, true]])
    expect(reportOf(lines).outages[0]?.processes).toBe(2)
  })

  test('is another one after a minute without evidence, and at another application', () => {
    const lines = [pass(noonMs), pass(noonMs + 2 * minuteMs + 9000), pass(noonMs, { captchaAppId: 5 })]
    expect(reportOf(lines).outages.map(({ captchaAppId, fromMs }) => [captchaAppId, fromMs - noonMs])).toEqual([
      [5, 0],
      [190000001, 0],
      [190000001, 2 * minuteMs + 9000],
    ])
  })

  test('is the same in whatever order the lines come', () => {
    const lines = [
      started(noonMs + 20_000),
      ...Array.from({ length: 40 }, (_, index) =>
        pass(noonMs + 20_000 + index * 7000, { userIp: `10.0.${index % 7}.0/24` }),
      ),
      refusal(noonMs + 30_000),
      ended(noonMs + 300_000, 280_000),
      lateVerdict(noonMs + 301_000, 'genuine'),
      pass(noonMs + 20 * minuteMs, { evidence: 'none', purse: 'doubt' }),
    ]
    const expected = reportOf(lines)
    expect(reportOf([...lines].reverse())).toEqual(expected)
    expect(
      reportOf([...lines.filter((_, index) => index % 2), ...lines.filter((_, index) => index % 2 === 0)]),
    ).toEqual(expected)
    expect(expected.outages).toHaveLength(1)
  })

  test('has what was decided in the minutes that it touches, those included who waited before it was noticed', () => {
    const doubt = { evidence: 'none', purse: 'doubt', cause: 'timeout', reason: 'timeout', durationMs: 2000 }
    const { outages, outside } = reportOf([
      pass(noonMs - minuteMs, doubt),
      pass(noonMs - 3000, doubt),
      started(noonMs + 1000),
      pass(noonMs + 2000),
      ended(noonMs + 30_000, 29_000),
      pass(noonMs + 50_000, doubt),
      pass(noonMs + minuteMs, doubt),
    ])
    // The lead of five seconds reaches into the minute before.
    expect(outages[0]?.figures).toMatchObject({ passes: 4, passesByPurse: { doubt: 3, outage: 1 } })
    expect(outages[0]?.figures.waits).toMatchObject({ over1000Ms: 3, maxMs: 2000 })
    expect(outside[0]?.figures.passes).toBe(1)
  })

  test('has the late verdicts of the six minutes after it, each once', () => {
    const { outages, outside } = reportOf([
      pass(noonMs),
      lateVerdict(noonMs + 2 * minuteMs, 'genuine'),
      lateVerdict(noonMs + 6 * minuteMs, 'refused', { reason: 'ticket_invalid' }),
      lateVerdict(noonMs + 7 * minuteMs, 'refused', { reason: 'ticket_invalid' }),
    ])
    expect(outages[0]?.figures.late).toMatchObject({ genuine: 1, refused: 1, refusedByReason: { ticket_invalid: 1 } })
    expect(outside[0]?.figures.late).toMatchObject({ genuine: 0, refused: 1 })
  })

  test('counts a ticket that expired while it waited as neither honest nor a bot', () => {
    const { outages } = reportOf([
      pass(noonMs),
      pass(noonMs),
      lateVerdict(noonMs + 1000, 'genuine'),
      lateVerdict(noonMs + 2000, 'refused', { reason: 'ticket_expired' }),
    ])
    expect(outages[0]?.figures.bots).toMatchObject({ checked: 1, share: 0 })
    expect(outages[0]?.figures.bots?.shareHigh).toBeGreaterThan(0.5)
  })

  test('says what each limit refused, and adds the lines that were sampled away to the total alone', () => {
    const { outages } = reportOf([
      refusal(noonMs),
      refusal(noonMs, { exhaustedBy: 'total', suppressed: 40 }),
      refusal(noonMs, { purse: 'doubt' }),
      refusal(noonMs),
    ])
    expect(outages[0]?.figures).toMatchObject({
      degradedRefusals: 44,
      degradedRefusalsByReason: { budget_exhausted: 4 },
      limits: [
        { purse: 'outage', exhaustedBy: 'client', refusals: 2 },
        { purse: 'outage', exhaustedBy: 'total', refusals: 1 },
        { purse: 'doubt', exhaustedBy: 'client', refusals: 1 },
      ],
      suppressed: { degradedRefusals: 40 },
    })
  })

  test('breaks the lines that were sampled away down by reason where the log says it', () => {
    const suppressedByReason = { budget_exhausted: 30, fallback_replayed: 10, 'made up': 5, rejected: 'many' }
    const { outages } = reportOf([refusal(noonMs), refusal(noonMs, { suppressed: 40, suppressedByReason })])
    expect(outages[0]?.figures).toMatchObject({ degradedRefusals: 42, suppressed: { degradedRefusals: 40 } })
    expect(outages[0]?.figures.degradedRefusalsByReason).toEqual({ budget_exhausted: 32, fallback_replayed: 10 })
  })

  test('says how many passes were of clients with history, and how many lines do not say', () => {
    const { outages } = reportOf([
      pass(noonMs, { clientKnown: true }),
      pass(noonMs, { clientKnown: true }),
      pass(noonMs, { clientKnown: false }),
      pass(noonMs),
    ])
    expect(outages[0]?.figures.passesByClient).toEqual({ known: 2, new: 1, unknown: 1 })
  })

  test('has the late verdicts of its passes where their lines say when these were', () => {
    const passedAt = new Date(noonMs).toISOString()
    const { outages, outside } = reportOf([
      pass(noonMs),
      lateVerdict(noonMs + 4 * minuteMs, 'genuine', { passedAt }),
      lateVerdict(noonMs + 9 * minuteMs, 'genuine', { passedAt }),
      lateVerdict(noonMs + 9 * minuteMs, 'genuine', { passedAt: 'no time' }),
      lateVerdict(noonMs + 30 * minuteMs, 'genuine', { passedAt }),
    ])
    expect(outages[0]?.figures.late.genuine).toBe(2)
    expect(outside[0]?.figures.late.genuine).toBe(2)
  })

  test('names the minute in which users waited longest altogether', () => {
    const { outages } = reportOf([
      pass(noonMs, { durationMs: 900 }),
      ...Array.from({ length: 10 }, () => pass(noonMs + minuteMs, { durationMs: 400 })),
    ])
    expect(outages[0]?.figures.slowestMinute).toMatchObject({ startMs: noonMs + minuteMs, waits: { totalMs: 4000 } })
  })

  test('tells fallback tickets, which nothing can check, from ordinary ones', () => {
    const { outages } = reportOf([
      pass(noonMs),
      pass(noonMs, { cause: 'client_fallback', clientErrorCode: 1006 }),
      pass(noonMs, { cause: 'override', ticketHash: undefined }),
      lateVerdict(noonMs + 1000, 'genuine'),
    ])
    expect(outages[0]?.figures.bots).toMatchObject({ ordinaryPasses: 1, uncheckedPasses: 2 })
  })
})

describe('in bounded memory', () => {
  test('clients beyond the bound are dropped, and the ones with most passes stay, with how many may be missing', () => {
    const strangers = Array.from({ length: 3000 }, (_, index) => pass(noonMs + index, { userIp: `10.1.${index}.0/24` }))
    const bot = Array.from({ length: 500 }, (_, index) => pass(noonMs + index * 6, { userIp: '192.0.2.0/24' }))
    const mixed = strangers.flatMap((each, index) => (bot[index] ? [each, bot[index]] : [each]))
    const { outages, approximations } = reportOf(mixed as CaptchaLine[], { clients: 400 })
    const clients = outages[0]?.figures.clients
    expect(clients?.distinct).toBeNull()
    expect(clients?.top[0]?.client).toBe('192.0.2.0/24')
    expect(clients?.top[0]?.passes).toBeLessThanOrEqual(500)
    expect((clients?.top[0]?.passes ?? 0) + (clients?.missedAtMost ?? 0)).toBeGreaterThanOrEqual(500)
    expect(outages[0]?.figures.passes).toBe(3500)
    expect(approximations).toHaveLength(1)
  })

  test('minutes beyond the bound count as outside; no decision is lost, and minutes of an outage stay longest', () => {
    const quiet = Array.from({ length: 300 }, (_, index) =>
      pass(noonMs + index * minuteMs, { evidence: 'none', purse: 'doubt' }),
    )
    const { outages, outside, approximations } = reportOf([pass(noonMs - 600 * minuteMs), ...quiet], { minutes: 50 })
    expect(outages[0]?.figures.passes).toBe(1)
    expect(outside[0]?.figures.passes).toBe(300)
    expect(approximations).toEqual([expect.stringContaining('More than 50 minutes')])
  })

  test('a line whose kind or application has no room is broken or shared, never one more entry', () => {
    const tally = new LogTally({ ...defaultBounds, others: 20 })
    const taken = Array.from({ length: 100 }, (_, index) => tally.add(pass(noonMs, { cause: `cause-${index}` })))
    expect(taken.filter(Boolean)).toHaveLength(20)
    for (let appId = 1; appId < 100; appId++) tally.add(pass(noonMs, { cause: 'cause-1', captchaAppId: appId }))
    expect(tally.apps.size).toBeLessThanOrEqual(33)
  })
})

test('a line with fields of another shape is not counted', () => {
  const tally = new LogTally()
  const degraded = { event: 'captcha_degraded', reason: 'timeout' }
  expect(tally.add(line(noonMs, { ...degraded, passed: 'yes' }))).toBe(false)
  expect(tally.add(line(noonMs, { ...degraded, reason: 3, passed: true }))).toBe(false)
  expect(tally.add(line(noonMs, { event: 'captcha_outage_ended' }))).toBe(false)
  expect(tally.add(line(noonMs, { event: 'captcha_late_verdict' }))).toBe(false)
  expect(tally.events.size).toBe(0)
})

test('control characters of a log never reach the report', () => {
  const { overrides } = reportOf([
    line(noonMs, { event: 'captcha_override', mode: 'pass', by: 'li\u001b[2J\u202ewei', why: 'set' }),
  ])
  expect(overrides[0]?.by).toBe('li [2J wei')
})
