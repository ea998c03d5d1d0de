import { describe, expect, test } from '@jest/globals'
import type { StateChange } from '../../lib/report/channels.js'
import { OutageLog } from '../../lib/report/outage-log.js'
import { Reporter } from '../../lib/report/reporter.js'
import type { LateSnapshot } from '../../lib/site/late-verification.js'
import type { EndedOutage } from '../../lib/site/outage-watch.js'
import { ManualClock } from '../support/manual-clock.js'
import { recordingLogger } from './lines.js'

const outage = { why: 'canary_failed', durationMs: 1234.5, decisions: { timeout: 3 } } as unknown as EndedOutage

function setUp(path: 'api' | 'client' = 'api') {
  const [clock, logger] = [new ManualClock(), recordingLogger()]
  const reporter = new Reporter({ captchaAppId: 190000001, logger, mode: 'enforce' }, clock)
  const changes: StateChange[] = []
  const state = { late: { waiting: 0, genuine: 0, refused: 0, inconclusive: 0 } as LateSnapshot }
  const announce = {
    event: reporter.event.bind(reporter),
    state: (change: StateChange) => changes.push(change),
  }
  const log = new OutageLog({ path, announce, clock, late: () => state.late })
  const written = () => logger.lines.map(({ level, message }) => `${level} ${message}`)
  return { clock, logger, changes, state, log, written }
}

describe('the two lines of an outage', () => {
  test('say when it started, and how it went', () => {
    const { log, logger } = setUp()
    log.started({ why: 'canary_failed' })
    log.ended(outage)
    expect(logger.lines).toEqual([
      {
        level: 'warn',
        message: 'captcha_outage_started',
        fields: { event: 'captcha_outage_started', captchaAppId: 190000001, path: 'api', why: 'canary_failed' },
      },
      {
        level: 'info',
        message: 'captcha_outage_ended',
        fields: {
          event: 'captcha_outage_ended',
          captchaAppId: 190000001,
          path: 'api',
          why: 'canary_failed',
          durationMs: 1235,
          decisions: { timeout: 3 },
          late: { genuine: 0, refused: 0, inconclusive: 0 },
        },
      },
    ])
  })

  test('count the late verdicts of their own outage alone', () => {
    const { log, logger, state } = setUp()
    state.late = { waiting: 0, genuine: 10, refused: 10, inconclusive: 10 }
    log.started({ why: 'x' })
    state.late = { waiting: 0, genuine: 12, refused: 11, inconclusive: 10 }
    log.ended(outage)
    const late = { genuine: 2, refused: 1, inconclusive: 0, genuineShare: 0.667 }
    expect(logger.lines.at(-1)?.fields).toMatchObject({ late })
  })

  test('wait for late verdicts, but no longer than 5 seconds', async () => {
    const { log, written, state, clock } = setUp()
    log.started({ why: 'x' })
    state.late = { ...state.late, waiting: 5 }
    log.ended(outage)
    await clock.advance(4_999)
    expect(written()).toEqual(['warn captcha_outage_started'])
    await clock.advance(1)
    expect(written()).toEqual(['warn captcha_outage_started', 'info captcha_outage_ended'])
  })

  test('come in order where the next outage begins while the last one’s line waits', async () => {
    const { log, written, state, clock } = setUp()
    log.started({ why: 'x' })
    state.late = { ...state.late, waiting: 5 }
    log.ended(outage)
    log.started({ why: 'y' })
    await clock.advance(60_000)
    expect(written()).toEqual([
      'warn captcha_outage_started',
      'info captcha_outage_ended',
      'warn captcha_outage_started',
    ])
    expect(clock.pendingTimers).toBe(0)
  })

  test('come once, and not without an outage', async () => {
    const { log, written, clock } = setUp()
    log.flush()
    expect(written()).toEqual([])
    log.ended(outage)
    log.flush()
    await clock.advance(60_000)
    expect(written()).toEqual(['info captcha_outage_ended'])
  })

  test('are both there when the site closes while the second one waits', async () => {
    const { log, written, state, clock } = setUp()
    log.started({ why: 'x' })
    state.late = { ...state.late, waiting: 5 }
    log.ended(outage)
    log.flush()
    expect(written()).toEqual(['warn captcha_outage_started', 'info captcha_outage_ended'])
    expect(clock.pendingTimers).toBe(0)
  })

  test('say zero of every late verdict where no ticket is verified late', () => {
    const [clock, logger] = [new ManualClock(), recordingLogger()]
    const reporter = new Reporter({ captchaAppId: 1, logger, mode: 'enforce' }, clock)
    const announce = { event: reporter.event.bind(reporter), state: () => {} }
    new OutageLog({ path: 'api', announce, clock }).ended(outage)
    expect(logger.lines[0]?.fields).toMatchObject({ late: { genuine: 0, refused: 0, inconclusive: 0 } })
  })

  test('on the client’s path sum up no late verdicts', () => {
    const { log, logger } = setUp('client')
    log.ended(outage)
    expect(logger.lines[0]?.fields).not.toHaveProperty('late')
  })
})

test.each(['api', 'client'] as const)('a change of the path %s is told with the path', (path) => {
  const { log, changes, logger } = setUp(path)
  const change = { state: 'suspect', before: 'healthy', since: '2026-01-01T00:00:00.000Z', why: 'call_failed' } as const
  log.changed(change)
  expect(changes).toEqual([{ kind: 'path', path, ...change }])
  expect(logger.lines).toEqual([])
})
