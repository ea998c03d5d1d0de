import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { Purse, type PurseClaim, type PurseConfig } from '../../lib/site/purse.js'

interface Numbers {
  limit?: number
  windowMs?: number
  startPerMinute?: number
}

function config({ limit = 20, windowMs = 60_000, startPerMinute = 600 }: Numbers = {}): PurseConfig {
  return {
    perClient: { limit, windowMs },
    total: { floorPerMinute: 120, baselineFactor: 3, startPerMinute },
  }
}

const outagePurse = (numbers: Numbers = {}) =>
  new Purse({ halvesFallback: false, ownRateFactor: 3, vouchedPerMinute: 5 }, config(numbers), 0)
const doubtPurse = (numbers: Numbers = {}) =>
  new Purse(
    { halvesFallback: true, ownRateFactor: 0, vouchedPerMinute: 0.3 },
    config({ limit: 3, windowMs: 600_000, startPerMinute: 10, ...numbers }),
    0,
  )

const stranger = (clientKey: string): PurseClaim => ({
  clientKey,
  isKnown: false,
  verifiedPerMinute: 0,
  isFallback: false,
})
const known = (clientKey: string, verifiedPerMinute = 1): PurseClaim => ({
  clientKey,
  isKnown: true,
  verifiedPerMinute,
  isFallback: false,
})
const fallback = (claim: PurseClaim): PurseClaim => ({ ...claim, isFallback: true })

/** Attempts of one client at one time; how many passed. */
function attempts(purse: Purse, claim: PurseClaim, times: number, nowMs: number): number {
  let passes = 0
  for (let time = 0; time < times; time++) if (purse.take(claim, nowMs).kind === 'taken') passes++
  return passes
}

/** One attempt each of many clients at one time; how many passed. */
function crowd(
  purse: Purse,
  claimOf: (clientKey: string) => PurseClaim,
  clients: number,
  nowMs: number,
  name = 'client',
): number {
  let passes = 0
  for (let client = 0; client < clients; client++) passes += attempts(purse, claimOf(`${name} ${client}`), 1, nowMs)
  return passes
}

describe('the reserve is shared by need', () => {
  /** A hundred tokens, of which strangers have taken their fifty. */
  function halfEmpty(): Purse {
    const purse = outagePurse()
    crowd(purse, stranger, 200, 0)
    expect(purse.remaining(0)).toBe(50)
    return purse
  }

  test("a key's next passes need a quarter, a half and three quarters of the total to be left", () => {
    const purse = halfEmpty()
    expect(crowd(purse, (key) => known(key, 0.1), 25, 0)).toBe(25)
    expect(purse.remaining(0)).toBe(25)
    expect(attempts(purse, known('client 0', 0.1), 1, 0)).toBe(0)
    expect(crowd(purse, (key) => known(key, 0.1), 25, 0, 'other')).toBe(25)
  })

  test("a key's second pass takes from the reserve while more than a quarter is left", () => {
    expect(attempts(halfEmpty(), known('a', 0.1), 5, 0)).toBe(2)
  })

  test('a pass that took nothing from the reserve gives nothing back to it', () => {
    const purse = outagePurse()
    crowd(purse, stranger, 45, 0)
    crowd(purse, known, 35, 0, 'known')
    expect(attempts(purse, known('a', 0.1), 1, 0)).toBe(1)
    const second = purse.take(known('a', 0.1), 0)
    if (second.kind === 'taken') second.giveBack()
    expect(crowd(purse, stranger, 20, 0, 'late stranger')).toBe(5)
    expect(attempts(purse, known('a', 0.1), 1, 0)).toBe(0)
  })

  test('twenty-five bought keys leave a first pass to each of those who come later', () => {
    const purse = halfEmpty()
    let bought = 0
    let loyal = 0
    for (let second = 1; second <= 60; second++) {
      const nowMs = second * 1000
      crowd(purse, stranger, 50, nowMs, `stranger ${second}`)
      for (let key = 0; key < 25; key++) bought += attempts(purse, known(`bought ${key}`, 0.1), 1, nowMs)
      loyal += attempts(purse, known(`loyal ${second}`, 0.1), 1, nowMs)
    }
    expect(loyal).toBe(60)
    expect(bought).toBeLessThan(25 * 20)
  })

  test('a key that was given its pass back needs no more than before', () => {
    const purse = halfEmpty()
    crowd(purse, (key) => known(key, 0.1), 30, 0)
    const result = purse.take(known('again', 0.1), 0)
    if (result.kind === 'taken') result.giveBack()
    expect(attempts(purse, known('again', 0.1), 2, 0)).toBe(1)
  })

  test('a carrier takes three times its own rate without need', () => {
    const purse = halfEmpty()
    expect(attempts(purse, known('carrier', 20), 60, 0)).toBe(50)
  })

  test('after ten minutes a pass is a first one again', () => {
    const purse = halfEmpty()
    attempts(purse, known('a', 0.1), 1, 0)
    crowd(purse, stranger, 200, 600_000)
    crowd(purse, (key) => known(key, 0.1), 45, 600_000)
    expect(purse.remaining(600_000)).toBe(5)
    expect(attempts(purse, known('a', 0.1), 1, 600_000)).toBe(1)
  })
})

describe('one client', () => {
  test('gets no more than the limit in any window', () => {
    const purse = outagePurse()
    expect(attempts(purse, stranger('a'), 1000, 0)).toBe(20)
    expect(attempts(purse, stranger('a'), 1000, 59_999)).toBe(0)
    expect(attempts(purse, stranger('a'), 1000, 60_000)).toBe(20)
  })

  test('is held to three in ten minutes where there is doubt', () => {
    const purse = doubtPurse()
    expect(attempts(purse, stranger('a'), 1000, 0)).toBe(3)
    for (let nowMs = 0; nowMs < 600_000; nowMs += 10_000) expect(attempts(purse, stranger('a'), 10, nowMs)).toBe(0)
    expect(attempts(purse, stranger('a'), 1000, 600_000)).toBe(3)
  })

  test('leaves the others their share with a thousand attempts: the refused ones consume nothing', () => {
    const purse = outagePurse()
    attempts(purse, stranger('a'), 999, 0)
    expect(purse.take(stranger('a'), 0)).toEqual({ kind: 'refused', by: 'client' })
    expect(purse.snapshot(0)).toEqual({
      perMinute: 600,
      capacity: 100,
      remaining: 80,
      taken: 20,
      refusedByClientLimit: 980,
      refusedByTotal: 0,
      perClient: { limit: 20, windowMs: 60_000 },
    })
    expect(crowd(purse, stranger, 100, 0)).toBe(30)
    expect(crowd(purse, known, 100, 0, 'known')).toBe(50)
  })

  test('loses nothing of its own limit when the total refuses it', () => {
    const purse = doubtPurse({ startPerMinute: 60 })
    crowd(purse, stranger, 100, 0)
    expect(attempts(purse, stranger('a'), 1000, 0)).toBe(0)
    expect(purse.take(stranger('a'), 0)).toEqual({ kind: 'refused', by: 'total' })
    expect(purse.snapshot(0).refusedByTotal).toBe(95 + 1000 + 1)
    expect(attempts(purse, stranger('a'), 1000, 10_000)).toBe(3)
  })

  test('with history may pass three times its own verified rate, for many users may sit behind it', () => {
    const purse = outagePurse()
    expect(attempts(purse, known('carrier', 15), 1000, 0)).toBe(45)
    expect(attempts(purse, known('home', 1), 1000, 0)).toBe(20)
    expect(purse.limitFor(known('carrier', 15))).toBe(45)
  })

  test('has its own rate taken over the length of the window', () => {
    expect(outagePurse({ windowMs: 30_000 }).limitFor(known('carrier', 30))).toBe(45)
  })

  test('without history gains nothing from a rate', () => {
    expect(outagePurse().limitFor({ clientKey: 'a', isKnown: false, verifiedPerMinute: 1000 })).toBe(20)
  })

  test('gains nothing from its own rate where there is doubt', () => {
    expect(doubtPurse().limitFor(known('carrier', 1000))).toBe(3)
  })
})

describe('an identity that the application vouches for', () => {
  test.each([
    ['outage', outagePurse(), 5],
    ['outage, window of two minutes', outagePurse({ windowMs: 120_000 }), 10],
    ['outage, limit of three', outagePurse({ limit: 3 }), 3],
    ['doubt', doubtPurse({ limit: 9 }), 3],
    ['doubt, window of one minute', doubtPurse({ limit: 9, windowMs: 60_000 }), 1],
  ])('may pass as often as one user needs it, and no more often than an address: %s', (_, purse, limit) => {
    const { windowMs } = purse.config.perClient
    expect(purse.perClientOf('known:user')).toEqual({ limit, windowMs })
    expect(purse.limitFor({ ...known('known:user', 0), verifiedPerMinute: 0 })).toBe(limit)
  })
})

test('a pass tells how far the client has used its limit with it, and what remains of the total', () => {
  const purse = doubtPurse()
  expect(purse.take(stranger('a'), 0)).toMatchObject({ use: { used: 1, limit: 3, remaining: 9 } })
  expect(purse.take(stranger('a'), 0)).toMatchObject({ use: { used: 2, limit: 3, remaining: 8 } })
})

test('a purse tells how many times its own rate a key may pass', () => {
  expect([outagePurse().ownRateFactor, doubtPurse().ownRateFactor]).toEqual([3, 0])
})

describe('the total', () => {
  test('holds ten seconds of refill', () => {
    const purse = outagePurse()
    expect(crowd(purse, known, 1000, 0)).toBe(100)
    expect(crowd(purse, known, 1000, 99)).toBe(0)
    expect(crowd(purse, known, 1000, 100)).toBe(1)
  })

  test('holds at least ten passes', () => {
    expect(crowd(doubtPurse(), known, 1000, 0)).toBe(10)
  })

  test('gives strangers at most half, and leaves the other half to keys with history', () => {
    const purse = outagePurse()
    expect(crowd(purse, stranger, 10_000, 0)).toBe(50)
    expect(crowd(purse, known, 10_000, 0, 'known')).toBe(50)
  })

  test('may go to keys with history as a whole', () => {
    const purse = outagePurse()
    expect(crowd(purse, known, 10_000, 0)).toBe(100)
    expect(crowd(purse, stranger, 10_000, 0, 'stranger')).toBe(0)
  })

  test('keeps half for keys with history however long strangers claim', () => {
    const purse = outagePurse()
    let passesOfKnown = 0
    let passesOfStrangers = 0
    for (let nowMs = 0; nowMs < 60_000; nowMs += 100) {
      passesOfStrangers += crowd(purse, stranger, 20, nowMs, `stranger ${nowMs}`)
      if (nowMs % 200 === 0) passesOfKnown += crowd(purse, known, 1, nowMs, `known ${nowMs}`)
    }
    expect(passesOfKnown).toBe(300)
    expect(passesOfStrangers).toBeLessThanOrEqual(350)
  })

  test('may change under way', () => {
    const purse = outagePurse()
    crowd(purse, known, 1000, 0)
    purse.setTotal(6000, 0)
    expect(purse.snapshot(0).perMinute).toBe(6000)
    expect(crowd(purse, known, 1000, 100)).toBe(10)
    expect(crowd(purse, stranger, 10_000, 20_000, 'stranger')).toBe(500)
  })

  test('is what remains in the snapshot, in whole passes', () => {
    const purse = doubtPurse()
    attempts(purse, known('a'), 1, 0)
    expect(purse.snapshot(5999).remaining).toBe(9)
    expect(purse.snapshot(6000).remaining).toBe(10)
  })
})

describe('fallback tickets', () => {
  test('get at most half of what there is in doubt', () => {
    const purse = doubtPurse({ startPerMinute: 120 })
    expect(crowd(purse, (key) => fallback(known(key)), 1000, 0)).toBe(10)
    expect(crowd(purse, known, 1000, 0, 'ordinary')).toBe(10)
  })

  test('get half of a total that has changed', () => {
    const purse = doubtPurse()
    purse.setTotal(1200, 0)
    expect(crowd(purse, (key) => fallback(known(key)), 1000, 60_000)).toBe(100)
  })

  test('of strangers are held to both halves at once, and a refused one empties neither', () => {
    const purse = doubtPurse()
    expect(crowd(purse, (key) => fallback(stranger(key)), 1000, 0)).toBe(5)
    expect(crowd(purse, stranger, 1000, 0, 'ordinary')).toBe(0)
    expect(crowd(purse, known, 1000, 0, 'known')).toBe(5)
  })

  test('are like any other where an outage is evident', () => {
    expect(crowd(outagePurse(), (key) => fallback(known(key)), 1000, 0)).toBe(100)
  })
})

describe('room', () => {
  test('is for any key at first, then only for keys with history, then for none', () => {
    const purse = outagePurse()
    expect(purse.roomFor(stranger('x'), 0)).toBe('any')
    crowd(purse, stranger, 50, 0)
    expect(purse.roomFor(stranger('x'), 0)).toBe('known_only')
    expect(purse.roomFor(known('x'), 0)).toBe('any')
    crowd(purse, known, 50, 0, 'known')
    expect(purse.roomFor(known('x'), 0)).toBe('none')
    expect(purse.roomFor(stranger('x'), 0)).toBe('none')
  })

  test('is for no fallback ticket when their half is used up', () => {
    const purse = doubtPurse()
    crowd(purse, (key) => fallback(known(key)), 5, 0)
    expect(purse.roomFor(fallback(known('x')), 0)).toBe('none')
    expect(purse.roomFor(known('x'), 0)).toBe('any')
  })

  test('is for no key in a closed purse, and asking takes nothing', () => {
    expect(outagePurse({ limit: 0 }).roomFor(known('x'), 0)).toBe('none')
    const purse = outagePurse()
    for (let time = 0; time < 1000; time++) purse.roomFor(stranger('x'), 0)
    expect(purse.snapshot(0)).toMatchObject({ remaining: 100, taken: 0, refusedByTotal: 0 })
  })
})

describe('a limit of zero', () => {
  test('closes the purse to all keys, with history or without', () => {
    const purse = outagePurse({ limit: 0 })
    expect(attempts(purse, stranger('a'), 10, 0)).toBe(0)
    expect(attempts(purse, known('b', 1000), 10, 0)).toBe(0)
    expect(purse.snapshot(0).taken).toBe(0)
  })

  test('as total does the same', () => {
    const purse = outagePurse({ startPerMinute: 0 })
    expect(attempts(purse, known('b', 1000), 10, 3_600_000)).toBe(0)
  })
})

describe('a pass given back', () => {
  test('restores the client’s limit and the total', () => {
    const purse = doubtPurse()
    const before = purse.snapshot(0)
    const holds = Array.from({ length: 3 }, () => purse.take(fallback(stranger('a')), 0))
    expect(purse.take(stranger('a'), 0).kind).toBe('refused')
    for (const hold of holds) if (hold.kind === 'taken') hold.giveBack()
    expect(purse.snapshot(0)).toEqual({ ...before, refusedByClientLimit: 1 })
    expect(attempts(purse, fallback(stranger('a')), 10, 0)).toBe(3)
    expect(crowd(purse, (key) => fallback(stranger(key)), 10, 0)).toBe(2)
  })

  test('comes back once, however often it is given', () => {
    const purse = outagePurse()
    attempts(purse, known('b'), 5, 0)
    const hold = purse.take(known('a'), 0)
    for (let time = 0; time < 5; time++) if (hold.kind === 'taken') hold.giveBack()
    expect(purse.snapshot(0)).toMatchObject({ remaining: 95, taken: 5 })
  })

  test('after its window lifts no limit', () => {
    const purse = outagePurse()
    const hold = purse.take(stranger('a'), 0)
    attempts(purse, stranger('a'), 20, 60_000)
    if (hold.kind === 'taken') hold.giveBack()
    expect(attempts(purse, stranger('a'), 20, 60_000)).toBe(0)
  })
})

test('no sequence of claims exceeds the limit of a client or a total', () => {
  const attempt = fc.record({ client: fc.nat(6), isKnown: fc.boolean(), isFallback: fc.boolean(), gapMs: fc.nat(3000) })
  fc.assert(
    fc.property(fc.array(attempt, { maxLength: 200 }), (claims) => {
      const purse = doubtPurse({ windowMs: 20_000, startPerMinute: 30 })
      const passes: { client: number; atMs: number; isKnown: boolean; isFallback: boolean }[] = []
      let nowMs = 0
      for (const { client, gapMs, isKnown, isFallback } of claims) {
        nowMs += gapMs
        const claim = { clientKey: String(client), isKnown, verifiedPerMinute: 100, isFallback }
        if (purse.take(claim, nowMs).kind === 'taken') passes.push({ client, atMs: nowMs, isKnown, isFallback })
        const ofClient = passes.filter((pass) => pass.client === client && nowMs - pass.atMs < 20_000)
        expect(ofClient.length).toBeLessThanOrEqual(3)
      }
      const most = (capacity: number, perMinute: number) => capacity + (perMinute * nowMs) / 60_000
      expect(passes.length).toBeLessThanOrEqual(most(10, 30))
      expect(passes.filter((pass) => !pass.isKnown).length).toBeLessThanOrEqual(most(5, 15))
      expect(passes.filter((pass) => pass.isFallback).length).toBeLessThanOrEqual(most(5, 15))
    }),
  )
})
