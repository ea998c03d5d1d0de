import { describe, expect, test } from '@jest/globals'
import type { GuardSnapshot } from '../../lib/guard/guard-types.js'
import { findingsOf, recentVerdicts, toneOf } from '../../lib/status/findings.js'
import { mergeProcesses } from '../../lib/status/fleet-view.js'
import { outageSnapshot, recorded, snapshot } from './sample-report.js'

function kinds(own: GuardSnapshot, counts: Readonly<Record<string, readonly number[]>> = {}) {
  const status = recorded('a', own)
  const fleet = mergeProcesses([{ ...status, recording: { ...status.recording, counts } }])
  return findingsOf(fleet, own.override).map(({ kind }) => kind)
}

const suspect = { state: 'suspect', since: snapshot().api.since, why: 'call_failed' } as const

describe('what the person on call is told first', () => {
  test('is that users are verified, where nothing is wrong', () => {
    expect(kinds(snapshot())).toEqual(['healthy'])
  })

  test.each([
    ['an override that lets requests in', snapshot({ override: { mode: 'pass', by: 'ann' } }), 'override_pass'],
    ['an override that refuses', snapshot({ override: { mode: 'verify_only' } }), 'override_verify_only'],
    ['an outage of the API', outageSnapshot, 'api_outage'],
    ['an outage of the script', snapshot({ clientPath: { ...suspect, state: 'outage' } }), 'client_path_outage'],
    ['a suspicion against the API', snapshot({ api: suspect }), 'api_suspect'],
    ['a suspicion against the script', snapshot({ clientPath: suspect }), 'client_path_suspect'],
    [
      'a provider that fails',
      snapshot({ credential: { source: 'provider', lastFailure: { problem: 'x', agoMs: 1 } } }),
      'keys_failing',
    ],
    ['a store that is down', snapshot({ store: { kind: 'redis', state: 'down', processes: 1 } }), 'store_down'],
  ])('is %s', (_what, own, kind) => {
    expect(kinds(own)).toEqual([kind])
  })

  test('is that calls go to a sibling, where they do', () => {
    const [first, ...rest] = snapshot().endpoints
    const moved = [{ ...first, inUse: false }, ...rest.map((each, index) => ({ ...each, inUse: index === 0 }))]
    expect(kinds(snapshot({ endpoints: moved as never }))).toEqual(['endpoint_moved'])
  })

  test('is what refuses users now: the configuration, or a limit; and not what did ten minutes ago', () => {
    const now = [...Array.from({ length: 57 }, () => 0), 3, 0, 0]
    const before = [...Array.from({ length: 50 }, () => 0), 3, ...Array.from({ length: 9 }, () => 0)]
    expect(kinds(snapshot(), { misconfigured: now })).toEqual(['misconfigured'])
    expect(kinds(snapshot(), { budget_exhausted: now })).toEqual(['limits_refuse'])
    expect(kinds(snapshot(), { misconfigured: before, budget_exhausted: before })).toEqual(['healthy'])
  })

  test('is that no ticket is accepted, where many are refused as they are with a wrong app id or key', () => {
    const now = (count: number) => [...Array.from({ length: 57 }, () => 0), count, 0, 0]
    expect(kinds(snapshot(), { app_mismatch: now(12), ticket_invalid: now(8) })).toEqual(['none_verified'])
    expect(kinds(snapshot(), { app_mismatch: now(12), ticket_invalid: now(7) })).toEqual(['healthy'])
    expect(kinds(snapshot(), { app_mismatch: now(500), verified: now(1) })).toEqual(['healthy'])
    expect(kinds(snapshot(), { risk_rejected: now(500) })).toEqual(['healthy'])
  })

  test('is the worst first', () => {
    const own = { ...outageSnapshot, override: { mode: 'verify_only' } as const, clientPath: suspect }
    expect(kinds(own)).toEqual(['api_outage', 'override_verify_only', 'client_path_suspect'])
    expect(toneOf({ kind: 'healthy' })).toBe('good')
  })

  test('says what happened to requests in the last five minutes', () => {
    const last = (count: number) => [...Array.from({ length: 55 }, () => 9), 1, 1, 1, 1, count]
    const verdicts = { verified: last(6), timeout: last(1), misconfigured_passed: last(2), budget_exhausted: last(0) }
    expect(recentVerdicts({ verdicts })).toEqual({
      verified: 10,
      degradedPasses: 11,
      overLimit: 4,
      byRule: 0,
      misconfigured: 0,
    })
  })
})
