import { expect, test } from '@jest/globals'
import { UsualLatency } from '../../lib/site/usual-latency.js'

function usualOf(...latenciesMs: number[]): UsualLatency {
  const usual = new UsualLatency()
  for (const latencyMs of latenciesMs) usual.note(latencyMs)
  return usual
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

test('nothing is usual before twenty answers', () => {
  const usual = usualOf(...range(19))
  expect(usual.p99Ms).toBeUndefined()
  usual.note(5)
  expect(usual.p99Ms).toBe(19)
})

test('the usual latency is the 99th percentile of the last 200', () => {
  expect(usualOf(...range(200)).p99Ms).toBe(198)
  expect(usualOf(...range(200).reverse()).p99Ms).toBe(198)
  expect(usualOf(...range(200), ...range(200).map(() => 7)).p99Ms).toBe(7)
})

test('two slow answers of 200 are not usual, and three are', () => {
  const fast = range(197).map(() => 50)
  expect(usualOf(50, ...fast, 1900, 1900).p99Ms).toBe(50)
  expect(usualOf(...fast, 1900, 1900, 1900).p99Ms).toBe(1900)
})

test('it is read again after every twenty answers', () => {
  const usual = usualOf(...range(20).map(() => 50))
  expect(usual.p99Ms).toBe(50)
  for (let answer = 0; answer < 19; answer++) usual.note(90)
  expect(usual.p99Ms).toBe(50)
  usual.note(90)
  expect(usual.p99Ms).toBe(90)
})

test('what was forgotten counts no more', () => {
  const usual = usualOf(...range(300))
  usual.forget()
  expect(usual.p99Ms).toBeUndefined()
  for (let answer = 0; answer < 20; answer++) usual.note(3)
  expect(usual.p99Ms).toBe(3)
})

test('what comes after the forgetting is not usual before twenty answers either', () => {
  const usual = usualOf(...range(20))
  usual.forget()
  usual.note(3)
  expect(usual.p99Ms).toBeUndefined()
})
