import { createHash } from 'node:crypto'
import type { Degradation } from '../../lib/site/site.js'
import type { VirtualClock } from '../outage-simulation/virtual-clock.js'
import { memoryGuard } from './memory-guard.js'

const maxMicroseconds = 15
const maxMegabytes = 32
const timedRequests = 1_000_000
const distinctKeys = 1_000_000
/** The bank of the simulation: what a large site offers in a minute. */
const perMinute = 60_000

/** The ways a request takes through purse, replay, history and evidence. */
const requests = {
  verified(degradation: Degradation, ticketKey: string, clientKey: string): void {
    degradation.clientPath.noteTraffic(false)
    if (degradation.ledger.hasPassed(ticketKey) || degradation.ledger.isRateLimited(clientKey)) return
    void degradation.recordVerified(ticketKey, clientKey)
    degradation.refresh()
  },
  degraded(degradation: Degradation, ticketKey: string, clientKey: string): void {
    degradation.clientPath.noteTraffic(true)
    if (degradation.ledger.hasPassed(ticketKey)) return
    const purse = degradation.evidenceFor('fallback') === 'outage' ? 'outage' : 'doubt'
    void degradation.ledger.claimPass({ purse, clientKey, ticketKey, isFallback: true })
    degradation.countDegraded('client_fallback')
    degradation.refresh()
  },
  refused(degradation: Degradation, ticketKey: string, clientKey: string): void {
    degradation.clientPath.noteTraffic(false)
    if (degradation.ledger.hasPassed(ticketKey) || degradation.ledger.isRateLimited(clientKey)) return
    degradation.ledger.noteRefused(clientKey)
    degradation.refresh()
  },
}

type Way = keyof typeof requests

const ticketKeys = Array.from({ length: 100_000 }, (_, index) =>
  createHash('sha256').update(String(index)).digest('hex').slice(0, 32),
)

/** As the request path makes it: a slice of a digest. Copied, for a slice would keep its whole digest alive. */
function ticketKey(index: number): string {
  const key = ticketKeys[index % ticketKeys.length] as string
  return `${(index % 0x100000000).toString(16).padStart(8, '0')}${key.slice(8)}`
}

function clientKey(index: number): string {
  return `${(index >> 24) & 255}.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`
}

function offer(way: Way, degradation: Degradation, clock: VirtualClock, count: number): void {
  for (let index = 0; index < count; index++) {
    clock.moveTo((index * 60_000) / perMinute)
    requests[way](degradation, ticketKey(index), clientKey(0x0b000000 + index))
  }
}

function microseconds(way: Way): number {
  const { degradation, clock } = memoryGuard(perMinute)
  offer(way, degradation, clock, timedRequests / 10)
  const cpu = process.cpuUsage()
  const started = memoryGuard(perMinute)
  offer(way, started.degradation, started.clock, timedRequests)
  const { user, system } = process.cpuUsage(cpu)
  return (user + system) / timedRequests
}

/** What is held after garbage collection, typed arrays included. */
function heldMegabytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1e6
}

function megabytes(way: Way, expectedPerMinute: number | undefined): number {
  const before = heldMegabytes()
  const { degradation, clock } = memoryGuard(expectedPerMinute)
  offer(way, degradation, clock, distinctKeys)
  const held = heldMegabytes() - before
  degradation.close()
  return held
}

const ways = Object.keys(requests) as Way[]
const rows = ways.map((way) => ({
  way,
  'µs a request': Number(microseconds(way).toFixed(2)),
  'MB after 1 000 000 keys': Number(megabytes(way, perMinute).toFixed(1)),
  'MB, new site': Number(megabytes(way, undefined).toFixed(1)),
}))
console.table(rows)
const isMet = rows.every(
  (row) => row['µs a request'] <= maxMicroseconds && row['MB after 1 000 000 keys'] <= maxMegabytes,
)
console.log(
  `${isMet ? 'PASS' : 'MISS'}: at most ${maxMicroseconds} µs a request and ${maxMegabytes} MB held after 1 000 000 keys`,
)
process.exitCode = isMet ? 0 : 1
