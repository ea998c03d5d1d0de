import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { TokenBucket } from '../../lib/structures/token-bucket.js'

function takeAll(bucket: TokenBucket, nowMs: number): number {
  let taken = 0
  for (; bucket.available(nowMs) >= 1; taken++) bucket.take()
  return taken
}

describe('what a bucket holds', () => {
  test('is ten seconds of refill', () => {
    expect(new TokenBucket(600, 10, 0).capacity).toBe(100)
  })

  test('is never less than the minimum', () => {
    expect(new TokenBucket(6, 10, 0).capacity).toBe(10)
  })

  test('is nothing at a rate of nothing', () => {
    const bucket = new TokenBucket(0, 10, 0)
    expect(bucket.capacity).toBe(0)
    expect(bucket.available(3_600_000)).toBe(0)
  })

  test('is there from the start', () => {
    expect(takeAll(new TokenBucket(600, 10, 0), 0)).toBe(100)
  })

  test('does not grow with waiting', () => {
    expect(takeAll(new TokenBucket(600, 10, 0), 86_400_000)).toBe(100)
  })
})

describe('refill', () => {
  test('gives one token a minute at one a minute, and not a millisecond sooner', () => {
    const bucket = new TokenBucket(1, 10, 0)
    takeAll(bucket, 0)
    expect(takeAll(bucket, 59_999)).toBe(0)
    expect(takeAll(bucket, 60_000)).toBe(1)
  })

  test('is exact however often it is looked at', () => {
    const bucket = new TokenBucket(10, 10, 0)
    takeAll(bucket, 0)
    let nowMs = 0
    while (bucket.available(nowMs) < 1) nowMs++
    expect(nowMs).toBe(6000)
    expect(bucket.available(nowMs)).toBe(1)
  })

  test('earns nothing while the clock goes backwards, and nothing twice', () => {
    const bucket = new TokenBucket(60, 10, 100_000)
    takeAll(bucket, 100_000)
    expect(takeAll(bucket, 40_000)).toBe(0)
    expect(takeAll(bucket, 100_000)).toBe(0)
    expect(takeAll(bucket, 101_000)).toBe(1)
  })

  test('never gives more than capacity and rate allow', () => {
    const steps = fc.array(fc.nat(30_000), { maxLength: 50 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), steps, (perMinute, gapsMs) => {
        const bucket = new TokenBucket(perMinute, 10, 0)
        let nowMs = 0
        let taken = 0
        for (const gapMs of gapsMs) {
          nowMs += gapMs
          taken += takeAll(bucket, nowMs)
          expect(taken).toBeLessThanOrEqual(bucket.capacity + (perMinute * nowMs) / 60_000)
        }
      }),
    )
  })
})

describe('a new rate', () => {
  test('applies from now on, not to the time before', () => {
    const bucket = new TokenBucket(60, 10, 0)
    takeAll(bucket, 0)
    bucket.setRate(6000, 5000)
    expect(bucket.available(5000)).toBe(5)
    expect(bucket.available(5010)).toBe(6)
  })

  test('does not fill the bucket', () => {
    const bucket = new TokenBucket(60, 10, 0)
    bucket.setRate(6000, 0)
    expect(bucket.capacity).toBe(1000)
    expect(bucket.available(0)).toBe(10)
  })

  test('spills what the smaller bucket cannot hold', () => {
    const bucket = new TokenBucket(6000, 10, 0)
    bucket.setRate(60, 0)
    expect(bucket.available(0)).toBe(10)
    bucket.setRate(0, 0)
    expect(bucket.available(60_000)).toBe(0)
  })

  test('that is the old one changes nothing', () => {
    const bucket = new TokenBucket(60, 10, 0)
    takeAll(bucket, 0)
    for (let nowMs = 0; nowMs < 1000; nowMs++) bucket.setRate(60, nowMs)
    expect(bucket.perMinute).toBe(60)
    expect(bucket.available(1000)).toBe(1)
  })
})

describe('a token given back', () => {
  test('is there again', () => {
    const bucket = new TokenBucket(60, 10, 0)
    bucket.take()
    bucket.giveBack()
    expect(bucket.available(0)).toBe(10)
  })

  test('never overfills', () => {
    const bucket = new TokenBucket(60, 10, 0)
    bucket.take()
    bucket.available(60_000)
    bucket.giveBack()
    expect(bucket.available(60_000)).toBe(10)
  })
})
