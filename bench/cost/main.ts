import { createHash } from 'node:crypto'
import { CaptchaGuardProcess, type SimulatedRequest } from '../outage-simulation/captcha-guard-process.js'
import { simulatedConfig } from '../outage-simulation/simulated-config.js'
import { TencentModel } from '../outage-simulation/tencent-model.js'
import { VirtualClock } from '../outage-simulation/virtual-clock.js'

const maxMicroseconds = 15
const maxMegabytes = 32
const timedRequests = 1_000_000
const distinctKeys = 1_000_000
/** The bank of the simulation: what a large site offers in a minute. */
const perMinute = 60_000

/** The ways that a request takes through the decision, by the ticket it brings. */
const tickets = { verified: 'genuine', degraded: 'fallback', refused: 'junk' } as const

type Way = keyof typeof tickets

/** A process of a site whose Tencent and script are well, on a clock that the benchmark turns. */
function healthyProcess(expectedPerMinute: number | undefined) {
  const clock = new VirtualClock()
  const tencent = new TencentModel('none', Number.POSITIVE_INFINITY, () => 0.5)
  const process = new CaptchaGuardProcess({
    clock,
    config: simulatedConfig({ expectedPerMinute }),
    store: undefined,
    askTencent: (ticket) => tencent.ask(ticket, 0),
    canFetchScript: () => true,
  })
  return { clock, process }
}

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

function offer(way: Way, { clock, process }: ReturnType<typeof healthyProcess>, count: number): void {
  const ticket: SimulatedRequest['ticket'] = tickets[way]
  for (let index = 0; index < count; index++) {
    const arrivesMs = (index * 60_000) / perMinute
    while (clock.nextDueMs <= arrivesMs) clock.runNext()
    clock.moveTo(arrivesMs)
    process.handle({ ticket, clientKey: clientKey(0x0b000000 + index), ticketKey: ticketKey(index) }, () => {})
  }
}

function microseconds(way: Way): number {
  offer(way, healthyProcess(perMinute), timedRequests / 10)
  const cpu = process.cpuUsage()
  offer(way, healthyProcess(perMinute), timedRequests)
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
  const site = healthyProcess(expectedPerMinute)
  offer(way, site, distinctKeys)
  const held = heldMegabytes() - before
  site.process.close()
  return held
}

const ways = Object.keys(tickets) as Way[]
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
