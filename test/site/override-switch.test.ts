import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError } from '../../lib/options/captcha-config-error.js'
import { OverrideSwitch } from '../../lib/site/override-switch.js'
import { ManualClock } from '../support/manual-clock.js'

function makeSwitch() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const told: string[] = []
  const override = new OverrideSwitch(clock, (state, why) => told.push(`${state.mode} by ${state.by}: ${why}`))
  return { clock, told, override }
}

describe('the switch', () => {
  test('is off at first', () => {
    const { override, told } = makeSwitch()
    expect(override.mode).toBe('none')
    expect(override.snapshot()).toEqual({ mode: 'none' })
    expect(told).toEqual([])
  })

  test('lets in for the time it was given, and not a millisecond longer', async () => {
    const { clock, override } = makeSwitch()
    override.set('pass', { forMs: 60_000, by: 'li.na' })
    await clock.advance(59_999)
    expect(override.mode).toBe('pass')
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })

  test('tells who set it, how long it lasts, and once when it ends', async () => {
    const { clock, override, told } = makeSwitch()
    override.set('pass', { forMs: 60_000, by: 'li.na' })
    expect(override.snapshot()).toEqual({ mode: 'pass', by: 'li.na', until: '2026-01-01T00:01:00.000Z' })
    await clock.advance(3_600_000)
    expect(override.snapshot()).toEqual({ mode: 'none' })
    expect(override.mode).toBe('none')
    expect(told).toEqual(['pass by li.na: set', 'pass by li.na: expired'])
  })

  test('ends in time also where nobody asks, and keeps no timer then', async () => {
    const { clock, override, told } = makeSwitch()
    override.set('pass', { forMs: 60_000 })
    await clock.advance(60_000)
    expect(told.at(-1)).toMatch(/: expired$/)
    expect(clock.pendingTimers).toBe(0)
  })

  test('keeps no timer once it is closed', () => {
    const { clock, override } = makeSwitch()
    override.set('pass', { forMs: 60_000 })
    override.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('holds back degraded passes until it is changed, where no end is given', async () => {
    const { clock, override } = makeSwitch()
    override.set('verify_only', { by: 'li.na' })
    await clock.advance(30 * 86_400_000)
    expect(override.mode).toBe('verify_only')
    expect(override.snapshot()).toEqual({ mode: 'verify_only', by: 'li.na' })
  })

  test('may hold them back for a time', async () => {
    const { clock, override } = makeSwitch()
    override.set('verify_only', { forMs: 1 })
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })

  test('is switched off by hand before its time', async () => {
    const { clock, override, told } = makeSwitch()
    override.set('pass', { forMs: 60_000, by: 'li.na' })
    override.set('none', { by: 'wang.wei' })
    expect(override.mode).toBe('none')
    await clock.advance(120_000)
    expect(override.mode).toBe('none')
    expect(told).toEqual(['pass by li.na: set', 'none by wang.wei: set'])
  })

  test('takes the last word: a new setting replaces the old one and its end', async () => {
    const { clock, override } = makeSwitch()
    override.set('pass', { forMs: 60_000 })
    override.set('verify_only')
    await clock.advance(60_000)
    expect(override.mode).toBe('verify_only')
  })

  test('ends at the same moment where it was set elsewhere', async () => {
    const { clock, override } = makeSwitch()
    override.adopt({ mode: 'pass', by: 'another process', untilMs: clock.epochMs() + 5000 })
    await clock.advance(4999)
    expect(override.mode).toBe('pass')
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })
})

describe('a wrong setting throws, names what is wrong, and changes nothing', () => {
  test.each<[string, unknown, unknown, string]>([
    ['an unknown mode', 'open', { forMs: 1000 }, 'override'],
    ['a missing mode', undefined, {}, 'override'],
    ['an open door without an end', 'pass', {}, 'forMs'],
    ['an open door without options', 'pass', undefined, 'forMs'],
    ['no time at all', 'pass', { forMs: 0 }, 'forMs'],
    ['a time in the past', 'pass', { forMs: -1 }, 'forMs'],
    ['half a millisecond', 'pass', { forMs: 0.5 }, 'forMs'],
    ['for ever', 'pass', { forMs: Number.POSITIVE_INFINITY }, 'forMs'],
    ['no number', 'pass', { forMs: Number.NaN }, 'forMs'],
    ['digits in a string', 'pass', { forMs: '60000' }, 'forMs'],
    ['more than a day', 'pass', { forMs: 86_400_001 }, 'forMs'],
    ['a wrong time for the other mode', 'verify_only', { forMs: 0 }, 'forMs'],
    ['somebody who is not a string', 'pass', { forMs: 1000, by: 7 }, 'by'],
    ['somebody who is not a string, switching off', 'none', { by: {} }, 'by'],
  ])('%s', (_, mode, options, option) => {
    const { override, told } = makeSwitch()
    const setting = () => override.set(mode as never, options as never)
    expect(setting).toThrow(CaptchaConfigError)
    expect(setting).toThrow(expect.objectContaining({ option }))
    expect(override.mode).toBe('none')
    expect(told).toEqual([])
  })
})
