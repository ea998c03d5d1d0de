import { describe, expect, test } from '@jest/globals'
import { ReplayMemory } from '../../lib/site/replay-memory.js'

describe('a ticket that passed', () => {
  test('is remembered for five minutes, to the millisecond', () => {
    const memory = new ReplayMemory()
    memory.markPassed('t', 1000)
    expect(memory.has('t', 1000)).toBe(true)
    expect(memory.has('t', 300_999)).toBe(true)
    expect(memory.has('t', 301_000)).toBe(false)
  })

  test('cannot pass again within them, and the attempt does not lengthen them', () => {
    const memory = new ReplayMemory()
    expect(memory.markPassed('t', 0)).toBe(true)
    expect(memory.markPassed('t', 0)).toBe(false)
    expect(memory.markPassed('t', 299_999)).toBe(false)
    expect(memory.markPassed('t', 300_000)).toBe(true)
    expect(memory.has('t', 599_999)).toBe(true)
  })

  test('is not confused with any other', () => {
    const memory = new ReplayMemory()
    memory.markPassed('__proto__', 0)
    expect(memory.has('t', 0)).toBe(false)
    expect(memory.has('constructor', 0)).toBe(false)
  })

  test('may pass again when its pass was given back', () => {
    const memory = new ReplayMemory()
    memory.markPassed('t', 0)
    memory.unmark('t')
    expect(memory.has('t', 0)).toBe(false)
    expect(memory.markPassed('t', 0)).toBe(true)
  })
})

test('asking leaves nothing behind: only what passed is remembered', () => {
  const memory = new ReplayMemory()
  for (let ticket = 0; ticket < 100; ticket++) memory.has(`t${ticket}`, 0)
  expect(memory.size).toBe(0)
})

test('memory shrinks again after a flood', () => {
  const memory = new ReplayMemory()
  for (let ticket = 0; ticket < 10_000; ticket++) memory.markPassed(`flood ${ticket}`, 0)
  for (let ticket = 0; ticket < 10_000; ticket++) memory.markPassed(`later ${ticket}`, 300_000)
  expect(memory.size).toBeLessThan(10_500)
})

test('memory has an upper bound, and forgets the oldest first', () => {
  const memory = new ReplayMemory()
  for (let ticket = 0; ticket <= 500_000; ticket++) memory.markPassed(String(ticket), 0)
  expect(memory.size).toBeLessThanOrEqual(500_000)
  expect(memory.has('0', 0)).toBe(false)
  expect(memory.has('10000', 0)).toBe(true)
})

test('a wider window holds tickets longer, those that are there already too; a narrower one changes nothing', () => {
  const memory = new ReplayMemory()
  memory.markPassed('t', 0)
  memory.widen(660_000)
  memory.widen(360_000)
  expect(memory.windowMs).toBe(660_000)
  expect(memory.has('t', 659_999)).toBe(true)
  expect(memory.has('t', 660_000)).toBe(false)
})
