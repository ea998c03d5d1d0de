import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'
import { attackMs } from './attack-ms.js'
import {
  type AttackedServer,
  atRate,
  attackedServer,
  type HealthyTencent,
  healthyTencent,
  type Route,
  type TicketRequest,
} from './attacked-server.js'

const closers: (() => void)[] = []
let tencent: HealthyTencent
let sent = 0

/** Registers a healthy Tencent for the tests of a file, and the end of everything that they start. */
export function useHealthyTencent(): () => HealthyTencent {
  beforeAll(async () => {
    tencent = await healthyTencent()
  })
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })
  afterAll(() => tencent.close())
  return () => tencent
}

export function closeAfterTest(close: () => void): void {
  closers.push(close)
}

export async function attacked(...[options]: Parameters<typeof attackedServer>): Promise<AttackedServer> {
  const server = await attackedServer(options)
  closeAfterTest(server.close)
  return server
}

/** An address per call. */
export function nextIp(): string {
  const index = sent++
  return `198.51.${(index >> 8) & 255}.${index & 255}`
}

/** A genuine ticket of a new user. */
export function sendHonest(server: AttackedServer, route: Route) {
  const ip = nextIp()
  return server.send(route, { ticket: `genuine-${ip}*`, ip })
}

export function junk(more: Partial<TicketRequest> = {}): TicketRequest {
  return { ticket: `junk-${sent++}*`, ip: '203.0.113.1', ...more }
}

/** What honest users and the rest of the process saw while an attack ran. */
export interface Seen {
  readonly reasons: readonly string[]
  readonly slowestLookupMs: number
}

export async function watch(server: AttackedServer, route: Route, forMs: number): Promise<Seen> {
  const [verdicts, lookupsMs] = await Promise.all([
    atRate(10, forMs, () => sendHonest(server, route)),
    atRate(2, forMs, () => server.lookUpMs()),
  ])
  return {
    reasons: [...new Set(verdicts.map((verdict) => verdict?.reason ?? 'no answer'))],
    slowestLookupMs: Math.max(...lookupsMs),
  }
}

/** The circuit is not open, there is no evidence, and no more has passed than the doubt purse holds. */
export async function expectNoEvidence(server: AttackedServer): Promise<void> {
  const { circuit, api, purses } = await server.snapshot()
  expect(circuit.state).not.toBe('open')
  expect(api.state).not.toBe('outage')
  expect(purses.outage.taken).toBe(0)
  // Ten a minute, and ten at once.
  expect(purses.doubt.taken).toBeLessThanOrEqual(10 + Math.ceil(attackMs({ short: 6000 }) / 6000))
}

export const onlyVerified = { reasons: ['verified'], slowestLookupMs: expect.any(Number) }
