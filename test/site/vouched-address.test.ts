import { describe, expect, test } from '@jest/globals'
import { VouchedAddress } from '../../lib/site/vouched-address.js'

const limit = 100
const windowMs = 60_000

function taken(times: number): VouchedAddress {
  const address = new VouchedAddress()
  for (let time = 0; time < times; time++) address.take('a', 0)
  return address
}

const hasRoom = (address: VouchedAddress, key: string | undefined, nowMs: number) =>
  address.take(key, nowMs) !== undefined

describe('the passes of vouched identities at one address', () => {
  test('are a hundred in a minute, and other addresses have theirs', () => {
    const address = taken(limit - 1)
    expect(hasRoom(address, 'a', windowMs - 1)).toBe(true)
    expect(hasRoom(address, 'a', windowMs - 1)).toBe(false)
    expect(hasRoom(address, 'b', windowMs - 1)).toBe(true)
    expect(hasRoom(address, 'a', windowMs)).toBe(true)
  })

  test('have room again for one that is given back, and for one only, however often', () => {
    const address = taken(limit - 1)
    const giveBack = address.take('a', 0)
    giveBack?.()
    giveBack?.()
    expect(hasRoom(address, 'a', 0)).toBe(true)
    expect(hasRoom(address, 'a', 0)).toBe(false)
  })

  test('have no limit where no address is known', () => {
    const address = new VouchedAddress()
    for (let time = 0; time < limit; time++) address.take(undefined, 0)
    expect(hasRoom(address, undefined, 0)).toBe(true)
  })

  test('are counted by the store under a name of their own, with the same limit', () => {
    const purse = { name: 'known', limit, windowMs, ownRateFactor: 0, clientKey: 'a' }
    expect(taken(0).storePurse('a')).toEqual(purse)
  })
})
