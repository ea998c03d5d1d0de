import { expect, test } from '@jest/globals'
import { ReserveLog } from '../../lib/site/reserve-log.js'

/** The shares of the total that a key's passes need, one after the other at one time. */
function sharesNeeded(passes: number, verifiedPerMinute: number): number[] {
  const log = new ReserveLog()
  return Array.from({ length: passes }, () => {
    const share = log.shareNeeded('a', verifiedPerMinute, 0)
    log.add('a', verifiedPerMinute, 0)
    return share
  })
}

test('the first pass needs no share of the total, the next ones a quarter, a half and then three quarters', () => {
  expect(sharesNeeded(6, 0.3)).toEqual([0, 0.25, 0.5, 0.75, 0.75, 0.75])
})

test('three times the own rate over ten minutes needs no share, and the pass after it three quarters', () => {
  const shares = sharesNeeded(32, 1)
  expect(new Set(shares.slice(0, 30))).toEqual(new Set([0]))
  expect(shares.slice(30)).toEqual([0.75, 0.75])
})
