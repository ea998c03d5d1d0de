import { describe, expect, test } from '@jest/globals'
import { VouchedAddress } from '../../lib/site/vouched-address.js'

const limit = 100
const windowMs = 60_000

function taken(times: number): VouchedAddress {
  const address = new VouchedAddress()
  for (let time = 0; time < times; time++) address.take('a', 0)
  return address
}

describe('the passes of vouched identities at one address', () => {
  test('are a hundred in a minute, and other addresses have theirs', () => {
    expect(taken(limit - 1).hasRoom('a', windowMs - 1)).toBe(true)
    const address = taken(limit)
    expect(address.hasRoom('a', windowMs - 1)).toBe(false)
    expect(address.hasRoom('b', windowMs - 1)).toBe(true)
    expect(address.hasRoom('a', windowMs)).toBe(true)
  })

  test('have room again for one that is given back, and for one only, however often', () => {
    const address = taken(limit - 1)
    const giveBack = address.take('a', 0)
    giveBack()
    giveBack()
    expect(address.hasRoom('a', 0)).toBe(true)
    address.take('a', 0)
    expect(address.hasRoom('a', 0)).toBe(false)
  })

  test('are counted by the store under a name of their own, with the same limit', () => {
    const purse = { name: 'known', limit, windowMs, ownRateFactor: 0, clientKey: 'a' }
    expect(taken(0).storePurse('a')).toEqual(purse)
  })
})
