import { describe, expect, test } from '@jest/globals'
import type { StoreSession } from '../../lib/index.js'
import { checkedSession } from '../../lib/store/checked-session.js'
import { claimOf, overrideOf, verifiedOf } from './conformance.js'
import { StoreDouble } from './store-double.js'

const state = { nowMs: 0, processes: 1 }
const learned = { baselinePerMinute: undefined, referencePerMinute: undefined }

/** A session that answers this to everything. */
function answering(value: unknown): StoreSession {
  const answer = async () => value as never
  return checkedSession({
    claim: answer,
    release: answer,
    recordVerified: answer,
    recordHistory: answer,
    readHistory: answer,
    heartbeat: answer,
    setOverride: answer,
    readStatuses: answer,
    publishStatus: answer,
  })
}

describe('what is no answer of a store rejects', () => {
  test.each([undefined, null, 1, 'x', [], {}, { kind: 'other' }])('where anything is expected: %p', async (value) => {
    const session = answering(value)
    await expect(session.claim(claimOf())).rejects.toThrow('unreadable answer')
    await expect(session.recordVerified(verifiedOf())).rejects.toThrow('unreadable answer')
    await expect(session.heartbeat(learned)).rejects.toThrow('unreadable answer')
    await expect(session.setOverride(overrideOf())).rejects.toThrow('unreadable answer')
  })

  test.each([
    { processes: 0 },
    { processes: '2' },
    { processes: 10n },
    { nowMs: Number.NaN },
    { nowMs: -1 },
    { baselinePerMinute: '5' },
    { baselinePerMinute: 10n },
    { referencePerMinute: Number.POSITIVE_INFINITY },
    { override: { mode: 'open' } },
    { override: 'pass' },
    { override: { id: 'a', mode: 'pass', by: 'ops', forMs: null, setMs: 1 } },
    { override: { id: 'a', mode: 'pass', by: 'ops', forMs: 86_400_001, setMs: 1 } },
    { override: { id: 'a', mode: 'verify_only', by: 'ops', forMs: 1e300, setMs: 1 } },
  ])('in the state of a site: %p', async (change) => {
    await expect(answering({ ...state, ...change }).heartbeat(learned)).rejects.toThrow('unreadable answer')
  })

  test.each([{ retryAfterMs: 'soon' }, { retryAfterMs: -1 }, {}])('to a claim over its limit: %p', async (change) => {
    await expect(answering({ kind: 'over_limit', ...change }).claim(claimOf())).rejects.toThrow('unreadable answer')
  })

  test('in a history', async () => {
    const wrong = { verifiedPerMinute: Number.POSITIVE_INFINITY }
    await expect(answering(wrong).readHistory('c')).rejects.toThrow('unreadable answer')
    await expect(answering({ kind: 'granted', history: wrong }).claim(claimOf())).rejects.toThrow('unreadable answer')
  })

  test('in a list of statuses', async () => {
    await expect(answering('none').readStatuses?.()).rejects.toThrow('unreadable answer')
  })
})

test('null is read as absent', async () => {
  expect(await answering(null).readHistory('c')).toBeUndefined()
  const absent = { baselinePerMinute: null, referencePerMinute: null, override: null }
  expect(await answering({ ...state, ...absent }).heartbeat(learned)).toEqual({
    ...state,
    baselinePerMinute: undefined,
    referencePerMinute: undefined,
    override: undefined,
  })
})

test('a session without statuses has none, and every other answer is passed on', async () => {
  const double = Object.assign(new StoreDouble(), { publishStatus: undefined, readStatuses: undefined })
  const session = checkedSession(double)
  expect([session.publishStatus, session.readStatuses]).toEqual([undefined, undefined])
  expect(await session.claim(claimOf())).toEqual(double.claimResult)
  expect(await session.heartbeat(learned)).toEqual({ nowMs: 0, ...double.state })
  const override = overrideOf()
  expect(await session.setOverride(override)).toEqual(override)
  expect(await answering(['a']).readStatuses?.()).toEqual(['a'])
})
