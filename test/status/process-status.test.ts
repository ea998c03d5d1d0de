import { describe, expect, test } from '@jest/globals'
import { decodeProcessStatus, encodeProcessStatus, type ProcessStatus } from '../../lib/status/process-status.js'
import { columnKeys } from '../../lib/status/recording/columns.js'
import { maxStatusBytes } from '../../lib/store/status-bounds.js'
import { outageSnapshot, recorded, snapshot } from './sample-report.js'

const decoded = (status: ProcessStatus) => decodeProcessStatus(encodeProcessStatus(status) ?? '')

/** As much as a process can have recorded, with the longest texts. */
function largest(): ProcessStatus {
  const status = recorded('web-1', outageSnapshot, 42)
  const long = 'é'.repeat(5000)
  const full = Array.from({ length: 60 }, () => 2 ** 32 - 1)
  return {
    ...status,
    process: { ...status.process, host: long },
    state: { ...status.state, api: { ...status.state.api, why: long } },
    recording: {
      ...status.recording,
      counts: Object.fromEntries(columnKeys.map((key) => [key, full])),
      degraded: status.recording.degraded.map((decision) => ({ ...decision, evidenceWhy: long, errorCode: long })),
      outages: Array.from({ length: 20 }, (_, index) => ({ path: 'api', why: long, fromMs: index, toMs: index + 1 })),
    },
  }
}

describe('the status that a process publishes', () => {
  test('comes back as it was: state, counts, latency and outages', () => {
    const status = recorded('web-1', outageSnapshot, 42)
    const back = decoded(status)
    expect(back?.process).toEqual(status.process)
    expect(back?.state).toEqual(status.state)
    expect(back?.recording.counts).toEqual(status.recording.counts)
    expect(back?.recording.latency).toEqual(status.recording.latency)
    expect(back?.recording.outages).toEqual(status.recording.outages)
    expect(back?.recording.degraded).toEqual(status.recording.degraded.slice(0, 10))
  })

  test('comes back of a guard with an own client, which has no endpoints', () => {
    const status = recorded('web-1', snapshot({ endpoints: [], credential: { source: 'client' } }))
    expect(decoded(status)?.state).toEqual(status.state)
  })

  test('never exceeds 8 KiB: details are left out, the state is not', () => {
    const encoded = encodeProcessStatus(largest()) ?? ''
    expect(Buffer.byteLength(encoded)).toBeLessThanOrEqual(maxStatusBytes)
    expect(decodeProcessStatus(encoded)?.state.api.state).toBe('outage')
  })

  test.each([
    ['no JSON', 'no json'],
    ['no object', '[]'],
    ['another version', JSON.stringify({ ...recorded('a', snapshot()), version: 2 })],
    ['a state without a name', change((wire) => Object.assign(wire.state.api, { state: 'fine' }))],
    ['a state that is an object', change((wire) => Object.assign(wire.state.api, { why: { a: 1 } }))],
    ['counts under another name', change((wire) => Object.assign(wire.recording.counts, { __proto2__: '1' }))],
    ['counts that are no numbers', change((wire) => Object.assign(wire.recording.counts, { verified: '<b>' }))],
    ['a time that is none', change((wire) => Object.assign(wire, { atMs: 1e300 }))],
    ['more than 8 KiB', `${encodeProcessStatus(recorded('a', snapshot()))}${' '.repeat(9000)}`],
  ])('is dropped where it is %s', (_what, text) => {
    expect(decodeProcessStatus(text)).toBeUndefined()
  })
})

function change(edit: (wire: { state: { api: object }; recording: { counts: object } }) => void): string {
  const wire = JSON.parse(encodeProcessStatus(recorded('a', snapshot())) ?? '')
  edit(wire)
  return JSON.stringify(wire)
}
