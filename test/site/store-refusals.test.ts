import { describe, expect, test } from '@jest/globals'
import { StoreRefusals } from '../../lib/site/store-refusals.js'

describe('a refusal of the store', () => {
  test('is known of this client and this purse alone, to the millisecond', () => {
    const refusals = new StoreRefusals()
    refusals.note('a', 'outage', 1000, 0)
    expect(refusals.has('a', 'outage', 0)).toBe(true)
    expect(refusals.has('a', 'outage', 999)).toBe(true)
    expect(refusals.has('a', 'outage', 1000)).toBe(false)
    expect(refusals.has('a', 'doubt', 0)).toBe(false)
    expect(refusals.has('b', 'outage', 0)).toBe(false)
  })

  test('stands beside another one of the client, and a newer one takes its place', () => {
    const refusals = new StoreRefusals()
    refusals.note('a', 'outage', 1000, 0)
    refusals.note('a', 'doubt', 5000, 0)
    refusals.note('a', 'outage', 3000, 2000)
    expect(refusals.has('a', 'outage', 2999)).toBe(true)
    expect(refusals.has('a', 'outage', 3000)).toBe(false)
    expect(refusals.has('a', 'doubt', 4999)).toBe(true)
  })

  test('is forgotten with all those of its client', () => {
    const refusals = new StoreRefusals()
    refusals.note('a', 'outage', 1000, 0)
    refusals.note('a', 'doubt', 1000, 0)
    refusals.note('b', 'doubt', 1000, 0)
    refusals.forget('a')
    expect([refusals.has('a', 'outage', 0), refusals.has('a', 'doubt', 0)]).toEqual([false, false])
    expect(refusals.has('b', 'doubt', 0)).toBe(true)
  })
})

describe('memory', () => {
  test('is let go of as new clients come, once every refusal of a client has ended', () => {
    const refusals = new StoreRefusals()
    refusals.note('one lasts', 'outage', 1000, 0)
    refusals.note('one lasts', 'doubt', 9000, 0)
    for (let client = 0; client < 500; client++) refusals.note(`later ${client}`, 'outage', 9000, 1000)
    expect(refusals.has('one lasts', 'doubt', 1000)).toBe(true)
    for (let client = 0; client < 500; client++) refusals.note(`last ${client}`, 'outage', 10_000, 9000)
    expect(refusals.size).toBeLessThan(550)
  })

  test('has an upper bound, and forgets the oldest first', () => {
    const refusals = new StoreRefusals()
    for (let client = 0; client <= 100_000; client++) refusals.note(String(client), 'outage', 1000, 0)
    expect(refusals.size).toBeLessThanOrEqual(100_000)
    expect(refusals.has('0', 'outage', 0)).toBe(false)
    expect(refusals.has('10000', 'outage', 0)).toBe(true)
  })
})
