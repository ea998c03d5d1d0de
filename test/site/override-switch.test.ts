import { describe, expect, test } from '@jest/globals'
import { OverrideSwitch, overrideOff } from '../../lib/site/override-switch.js'
import { ManualClock } from '../support/manual-clock.js'

function makeSwitch() {
  const clock = new ManualClock(Date.UTC(2026, 0, 1))
  const told: string[] = []
  const override = new OverrideSwitch(clock, (state, why) => told.push(`${state.mode} by ${state.by}: ${why}`))
  const set = (mode: 'pass' | 'verify_only', { forMs = Number.POSITIVE_INFINITY, by = '' } = {}) =>
    override.set({ mode, by, leftMs: forMs })
  return { clock, told, override, set }
}

describe('the override switch', () => {
  test('is off at first', () => {
    const { override, told } = makeSwitch()
    expect(override.mode).toBe('none')
    expect(override.snapshot()).toEqual({ mode: 'none' })
    expect(told).toEqual([])
  })

  test('lasts for exactly the time that it was given', async () => {
    const { clock, override, set } = makeSwitch()
    set('pass', { forMs: 60_000, by: 'li.na' })
    await clock.advance(59_999)
    expect(override.mode).toBe('pass')
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })

  test('reports its author and its end, and calls its listener once when it ends', async () => {
    const { clock, override, told, set } = makeSwitch()
    set('pass', { forMs: 60_000, by: 'li.na' })
    expect(override.snapshot()).toEqual({ mode: 'pass', by: 'li.na', until: '2026-01-01T00:01:00.000Z' })
    await clock.advance(3_600_000)
    expect(override.snapshot()).toEqual({ mode: 'none' })
    expect(override.mode).toBe('none')
    expect(told).toEqual(['pass by li.na: set', 'pass by li.na: expired'])
  })

  test('ends in time without a request that reads it, and then has no timer', async () => {
    const { clock, told, set } = makeSwitch()
    set('pass', { forMs: 60_000 })
    await clock.advance(60_000)
    expect(told.at(-1)).toMatch(/: expired$/)
    expect(clock.pendingTimers).toBe(0)
  })

  test('that was set later ends by the time of its setting, as the snapshot says all along', async () => {
    const { clock, override, told, set } = makeSwitch()
    await clock.advance(30_000)
    set('pass', { forMs: 60_000, by: 'li.na' })
    await clock.advance(20_000)
    expect(override.snapshot()).toEqual({ mode: 'pass', by: 'li.na', until: '2026-01-01T00:01:30.000Z' })
    await clock.advance(40_000)
    expect(told).toEqual(['pass by li.na: set', 'pass by li.na: expired'])
  })

  test('has no timer where it has no end', () => {
    const { clock, set } = makeSwitch()
    set('verify_only')
    expect(clock.pendingTimers).toBe(0)
  })

  test('still ends in time where its timer fires early', async () => {
    const { clock, told, set } = makeSwitch()
    const after = clock.after.bind(clock)
    clock.after = (delayMs, run) => after(delayMs > 10 ? delayMs - 10 : delayMs, run)
    set('pass', { forMs: 60_000, by: 'li.na' })
    await clock.advance(59_999)
    expect(told).toEqual(['pass by li.na: set'])
    await clock.advance(1)
    expect(told).toEqual(['pass by li.na: set', 'pass by li.na: expired'])
  })

  test('has no timer after it is closed', () => {
    const { clock, override, set } = makeSwitch()
    set('pass', { forMs: 60_000 })
    override.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('can be closed without having been set', () => {
    const { clock, override } = makeSwitch()
    override.close()
    expect(clock.pendingTimers).toBe(0)
  })

  test('stays at verify_only until it is changed, where no end is given', async () => {
    const { clock, override, set } = makeSwitch()
    set('verify_only', { by: 'li.na' })
    await clock.advance(30 * 86_400_000)
    expect(override.mode).toBe('verify_only')
    expect(override.snapshot()).toEqual({ mode: 'verify_only', by: 'li.na' })
  })

  test('ends verify_only after the given time', async () => {
    const { clock, override, set } = makeSwitch()
    set('verify_only', { forMs: 1 })
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })

  test('can be switched off before its end, and then expires no more', async () => {
    const { clock, override, told, set } = makeSwitch()
    set('pass', { forMs: 60_000, by: 'li.na' })
    override.set({ ...overrideOff, by: 'wang.wei' })
    expect(override.mode).toBe('none')
    await clock.advance(120_000)
    expect(override.mode).toBe('none')
    expect(told).toEqual(['pass by li.na: set', 'none by wang.wei: set'])
  })

  test('drops the end of the setting that a new one replaces', async () => {
    const { clock, override, set } = makeSwitch()
    set('pass', { forMs: 60_000 })
    set('verify_only')
    await clock.advance(60_000)
    expect(override.mode).toBe('verify_only')
  })

  test('ends at the same time at a process that took it over from the store', async () => {
    const { clock, override, told } = makeSwitch()
    override.set({ mode: 'pass', by: 'another process', leftMs: 5000 }, 'shared')
    expect(told).toEqual(['pass by another process: shared'])
    await clock.advance(4999)
    expect(override.mode).toBe('pass')
    await clock.advance(1)
    expect(override.mode).toBe('none')
  })
})
