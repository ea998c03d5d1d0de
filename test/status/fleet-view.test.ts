import { describe, expect, test } from '@jest/globals'
import type { GuardSnapshot } from '../../lib/guard/guard-types.js'
import { mergeProcesses } from '../../lib/status/fleet-view.js'
import type { ProcessStatus } from '../../lib/status/process-status.js'
import { minutesKept } from '../../lib/status/recording/minute-counts.js'
import type { Recording } from '../../lib/status/recording/status-recorder.js'
import { nightMs, outageSnapshot, recorded, snapshot } from './sample-report.js'

const none: Recording = { minute: 1000, counts: {}, latency: [], degraded: [], limited: [], outages: [] }

function processOf(id: string, recording: Partial<Recording> = {}, own: GuardSnapshot = snapshot()): ProcessStatus {
  const status = recorded(id, own)
  return { ...status, recording: { ...none, ...recording } }
}

const counts = (...last: number[]) => [...Array.from({ length: minutesKept - last.length }, () => 0), ...last]

describe('the view of a fleet', () => {
  test('adds up verdicts by minute, also of a process whose newest minute is an older one', () => {
    const fleet = mergeProcesses([
      processOf('a', { minute: 1000, counts: { verified: counts(1, 2, 3), timeout: counts(5) } }),
      processOf('b', { minute: 999, counts: { verified: counts(10, 20) } }),
    ])
    expect(fleet.minute).toBe(1000)
    expect(fleet.verdicts.verified?.slice(-4)).toEqual([0, 11, 22, 3])
    expect(fleet.verdicts.timeout?.slice(-2)).toEqual([0, 5])
  })

  test('leaves out counts that are older than an hour', () => {
    const fleet = mergeProcesses([
      processOf('a', { minute: 2000 }),
      processOf('b', { minute: 1000, counts: { verified: counts(7) } }),
    ])
    expect(fleet.verdicts.verified?.every((count) => count === 0)).toBe(true)
  })

  test('shows the worst state, since the first process has seen it, and how many see it', () => {
    const later = new Date(nightMs - 60_000).toISOString()
    const fleet = mergeProcesses([
      processOf('a'),
      processOf('b', {}, { ...outageSnapshot, api: { ...outageSnapshot.api, since: later } }),
      processOf('c', {}, outageSnapshot),
    ])
    expect(fleet.api).toEqual({ ...outageSnapshot.api, processes: 2 })
    expect(fleet.clientPath).toMatchObject({ state: 'healthy', processes: 3 })
    expect(fleet.circuit).toMatchObject({ state: 'open', nextCanaryInMs: 5000, processes: 2 })
    expect(fleet.processes.map(({ id, api }) => [id, api])).toEqual([
      ['a', 'healthy'],
      ['b', 'outage'],
      ['c', 'outage'],
    ])
  })

  test('adds up purses, late verdicts and baselines', () => {
    const fleet = mergeProcesses([processOf('a', {}, outageSnapshot), processOf('b', {}, outageSnapshot)])
    expect(fleet.purses.outage).toMatchObject({ perMinute: 720, capacity: 120, remaining: 76, taken: 8242 })
    expect(fleet.late.waiting).toBe(1624)
    expect(fleet.baselinePerMinute).toBe(240)
    expect(mergeProcesses([processOf('a', {}, snapshot({ baselinePerMinute: null }))]).baselinePerMinute).toBeNull()
  })

  test('knows which share of verified passes were of known clients', () => {
    const recording = { counts: { verified: counts(6, 4), known_verified: counts(1, 4) } }
    expect(mergeProcesses([processOf('a', recording)]).known).toEqual({ verified: 10, known: 5, share: 0.5 })
    expect(mergeProcesses([processOf('a')]).known.share).toBeNull()
  })

  test('counts what each limit refused, and a client once', () => {
    const client = { userIp: '203.0.113.0/24', purse: 'outage', by: 'client' } as const
    const fleet = mergeProcesses([
      processOf('a', { limited: [{ ...client, refusals: 2, lastMs: 10 }], counts: { outage_client: counts(2) } }),
      processOf('b', { limited: [{ ...client, refusals: 3, lastMs: 20 }], counts: { outage_client: counts(3) } }),
    ])
    expect(fleet.limited).toEqual([{ ...client, refusals: 5, lastMs: 20 }])
    expect(fleet.purses.outage.refusedLastHour).toEqual({ client: 5, total: 0 })
    expect(fleet.purses.doubt.refusedLastHour).toEqual({ client: 0, total: 0 })
  })

  test('joins outages of one path that overlap, and no others', () => {
    const outage = (path: 'api' | 'client_path', fromMs: number, toMs?: number) => ({
      path,
      why: 'x',
      fromMs,
      ...(toMs !== undefined && { toMs }),
    })
    const fleet = mergeProcesses([
      processOf('a', { outages: [outage('api', 10, 20), outage('api', 100)] }),
      processOf('b', { outages: [outage('api', 12, 25), outage('client_path', 11, 15), outage('api', 99, 120)] }),
    ])
    expect(fleet.outages).toEqual([outage('api', 99), outage('client_path', 11, 15), outage('api', 10, 25)])
  })

  test('merges latency by endpoint and decisions by time', () => {
    const decision = (atMs: number) => ({ atMs, passed: true, reason: 'timeout' }) as const
    const fleet = mergeProcesses([
      processOf('a', {
        degraded: [decision(3), decision(1)],
        latency: [{ endpoint: 'x', answered: { 10: 9 }, failed: { 50: 1 } }],
      }),
      processOf('b', {
        degraded: [decision(2)],
        latency: [{ endpoint: 'x', answered: { 10: 1 }, failed: {} }],
      }),
    ])
    expect(fleet.degraded.map(({ atMs }) => atMs)).toEqual([3, 2, 1])
    expect(fleet.latency).toEqual([{ endpoint: 'x', calls: 11, failed: 1, p50Ms: 3, p99Ms: 3 }])
  })
})
