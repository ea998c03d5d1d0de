import { describe, expect, test } from '@jest/globals'
import { ClientCharges } from '../../lib/site/client-charges.js'
import { ManualClock } from '../support/manual-clock.js'

const minuteMs = 60_000

class ChargesUnderTest {
  readonly clock = new ManualClock()
  readonly rates = new Map<string, number>()
  isBusy = false
  readonly askedAbout: string[] = []
  readonly charges = new ClientCharges({
    clock: this.clock,
    verifiedPerMinute: (clientKey) => this.rates.get(clientKey) ?? 0,
    isKnown: (clientKey) => this.rates.has(clientKey),
    isBusy: () => this.isBusy,
    onStrangerLimited: (clientKey) => this.askedAbout.push(clientKey),
  })

  refuse(times: number, clientKey = 'a'): void {
    for (let time = 0; time < times; time++) this.charges.charge(clientKey)
  }

  isLimited(clientKey = 'a'): boolean {
    return this.charges.isLimited(clientKey)
  }
}

describe('a client without history', () => {
  test('is limited by ten refused calls within a minute, and not by nine', async () => {
    const t = new ChargesUnderTest()
    t.refuse(9)
    await t.clock.advance(minuteMs - 1)
    expect(t.isLimited()).toBe(false)
    t.refuse(1)
    expect(t.isLimited()).toBe(true)
    expect(t.isLimited('b')).toBe(false)
  })

  test('is free again when the first of its ten charges is a minute old', async () => {
    const t = new ChargesUnderTest()
    t.refuse(1)
    await t.clock.advance(minuteMs / 2)
    t.refuse(9)
    await t.clock.advance(minuteMs / 2 - 1)
    expect(t.isLimited()).toBe(true)
    await t.clock.advance(1)
    expect(t.isLimited()).toBe(false)
  })

  test('is not limited by ten refused calls over more than a minute', async () => {
    const t = new ChargesUnderTest()
    for (let time = 0; time < 30; time++) {
      t.refuse(1)
      expect(t.isLimited()).toBe(false)
      await t.clock.advance(6667)
    }
  })

  test('is charged for calls that run on without it, while they run', () => {
    const t = new ChargesUnderTest()
    const ends = Array.from({ length: 10 }, () => t.charges.chargeRunning('a'))
    expect(t.isLimited()).toBe(true)
    ends[0]?.(false)
    expect(t.isLimited()).toBe(false)
  })

  test('is charged for each of them until that one ends', () => {
    const t = new ChargesUnderTest()
    const ends = Array.from({ length: 11 }, () => t.charges.chargeRunning('a'))
    ends[0]?.(false)
    expect(t.isLimited()).toBe(true)
    ends[1]?.(false)
    expect(t.isLimited()).toBe(false)
  })

  test('stays charged for such a call that is refused in the end', () => {
    const t = new ChargesUnderTest()
    const ends = Array.from({ length: 10 }, () => t.charges.chargeRunning('a'))
    for (const end of ends) end(true)
    expect(t.isLimited()).toBe(true)
  })

  test('at its limit is asked about once more: another process may know it', () => {
    const t = new ChargesUnderTest()
    t.refuse(9)
    expect(t.askedAbout).toEqual([])
    t.refuse(1)
    expect(t.askedAbout).toEqual(['a'])
    t.rates.set('a', 1)
    expect(t.isLimited()).toBe(false)
  })
})

describe('a client with history', () => {
  test('is not limited while there is room at Tencent', async () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    for (let second = 0; second < 60; second++) {
      t.refuse(30)
      expect(t.isLimited()).toBe(false)
      await t.clock.advance(1000)
    }
  })

  test('is not asked about, however much it is charged', () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    t.refuse(100)
    expect(t.askedAbout).toEqual([])
  })

  test('is limited by sixty charges a minute while room is scarce', () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    t.isBusy = true
    t.refuse(59)
    expect(t.isLimited()).toBe(false)
    t.refuse(1)
    expect(t.isLimited()).toBe(true)
    t.isBusy = false
    expect(t.isLimited()).toBe(true)
  })

  test('is limited by three times its own verified rate where that is more', () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 40)
    t.isBusy = true
    t.refuse(119)
    expect(t.isLimited()).toBe(false)
    t.refuse(1)
    expect(t.isLimited()).toBe(true)
  })

  test('is limited by more than fifty charges a second on the site, of any client, and for a minute after', async () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    for (let second = 0; second < 2; second++) {
      t.refuse(30)
      await t.clock.advance(1000)
    }
    expect(t.isLimited()).toBe(false)
    for (let other = 0; other < 50; other++) t.refuse(1, `other ${other}`)
    expect(t.isLimited()).toBe(false)
    t.refuse(1, 'one more')
    expect(t.isLimited()).toBe(true)
    for (let second = 0; second < 59; second++) {
      t.refuse(2)
      await t.clock.advance(1000)
      expect(t.isLimited()).toBe(true)
    }
    await t.clock.advance(1000)
    expect(t.isLimited()).toBe(false)
  })

  test('counts a call that runs on and is refused once among the charges of the site', async () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    t.refuse(30)
    await t.clock.advance(1000)
    t.refuse(30)
    await t.clock.advance(1000)
    for (let call = 0; call < 50; call++) t.charges.chargeRunning(`other ${call}`)(true)
    expect(t.isLimited()).toBe(false)
  })

  test('keeps its youngest charges alone, so that a long flood is still counted to its limit', async () => {
    const t = new ChargesUnderTest()
    t.rates.set('a', 1)
    for (let second = 0; second < 90; second++) {
      t.refuse(30)
      await t.clock.advance(1000)
    }
    t.isBusy = true
    expect(t.isLimited()).toBe(true)
  })
})
