import { expect, test } from '@jest/globals'
import { RefusalLimiter } from '../../lib/site/refusal-limiter.js'

function refuse(limiter: RefusalLimiter, clientKey: string, times: number, nowMs: number): void {
  for (let time = 0; time < times; time++) limiter.noteRefused(clientKey, nowMs)
}

test('nine refusals within a minute do not limit a client, the tenth does', () => {
  const limiter = new RefusalLimiter()
  refuse(limiter, 'a', 9, 0)
  expect(limiter.isLimited('a', 59_999)).toBe(false)
  refuse(limiter, 'a', 1, 59_999)
  expect(limiter.isLimited('a', 59_999)).toBe(true)
})

test('ten refusals over more than a minute do not limit a client', () => {
  const limiter = new RefusalLimiter()
  for (let time = 0; time < 30; time++) {
    refuse(limiter, 'a', 1, time * 6667)
    expect(limiter.isLimited('a', time * 6667)).toBe(false)
  }
})

test('a limit ends when the first of the ten is a minute old', () => {
  const limiter = new RefusalLimiter()
  refuse(limiter, 'a', 1, 0)
  refuse(limiter, 'a', 9, 30_000)
  expect(limiter.isLimited('a', 59_999)).toBe(true)
  expect(limiter.isLimited('a', 60_000)).toBe(false)
})

test('refusals during a limit do not lengthen it', () => {
  const limiter = new RefusalLimiter()
  refuse(limiter, 'a', 10, 0)
  refuse(limiter, 'a', 1000, 30_000)
  expect(limiter.isLimited('a', 60_000)).toBe(false)
})

test("one client's refusals limit no other", () => {
  const limiter = new RefusalLimiter()
  refuse(limiter, 'a', 1000, 0)
  expect(limiter.isLimited('b', 0)).toBe(false)
})

test('asking whether a client is limited counts as nothing', () => {
  const limiter = new RefusalLimiter()
  for (let time = 0; time < 100; time++) limiter.isLimited('a', 0)
  expect(limiter.isLimited('a', 0)).toBe(false)
})
