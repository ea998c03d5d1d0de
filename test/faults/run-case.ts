import { setTimeout as sleep } from 'node:timers/promises'
import type { CircuitSnapshot } from '../../lib/site/circuit.js'
import type { Duration, Expected, FaultCase, MadeFault } from './fault-case.js'
import type { GuardedApp } from './guarded-app.js'
import type { Checked } from './guarded-process.js'
import { burstSize } from './guarded-users.js'
import type { Lab } from './lab.js'
import type { PlainResult } from './plain-client.js'

/** What was seen of a case: in the terms of its expectation, and what must hold in every case. */
export interface Observation {
  readonly seen: Expected
  /** What went where it must not, what is left, what was logged that must not be: empty. */
  readonly problems: readonly string[]
  /** What the plain client came to, and whether that is what the row says. */
  readonly plain: PlainResult | undefined
  readonly isPlainAsTold: boolean
  /** Of the lone ticket. */
  readonly tookMs: number
}

/** A guard that is to meet a fault. */
interface Half {
  readonly lab: Lab
  readonly made: MadeFault
}

/**
 * Runs one fault twice, for a guard that meets it with one user and for one that meets it with twenty at once; afterwards, where
 * it is asked for, for the row's plain client.
 */
export async function runCase(
  fault: FaultCase,
  app: GuardedApp,
  labs: readonly [Lab, Lab],
  withPlain: boolean,
): Promise<Observation> {
  await app.run('begin')
  const halves = await Promise.all(labs.map(async (lab): Promise<Half> => ({ lab, made: await fault.make(lab) })))
  const [lone, burst] = halves as [Half, Half]
  await Promise.all(halves.map((half) => open(app, half)))
  await Promise.all(halves.map(({ made }) => made.strike?.()))
  const meeting = meetOne(app, lone.lab)
  // The other guard's twenty connections would delay an answer that comes at once.
  await Promise.race([meeting, sleep(atOnceMs / 2)])
  const [one, twenty] = await Promise.all([meeting, meetTwenty(app, burst.lab)])
  for (const { made } of halves) await made.heal?.()
  const seen: Expected = {
    verdict: verdictOf(one.checked),
    time: durationOf(one.checked.tookMs),
    sent: one.sent,
    lines: one.checked.lines.map(({ event }) => event).sort(),
    circuit: { afterOne: one.settled.circuit.state, afterTwenty: twenty.settled.circuit.state },
    next: { reason: twenty.next.verdict.reason, time: durationOf(twenty.next.tookMs) },
    ...(fault.expected.store && { store: one.settled.store.state }),
  }
  const problems = [
    ...(await leftovers(app, labs)),
    ...[one.log, twenty.log].flatMap(secretsIn),
    ...outageUntold(seen.circuit.afterTwenty, twenty.log),
  ]
  fault.also?.(lone.lab)
  const plain = withPlain ? await runPlain(fault, app, lone) : undefined
  const isPlainAsTold = plain !== undefined && fault.plain?.holds(plain, lone.lab) === true
  return { seen, problems, plain, isPlainAsTold, tookMs: one.checked.tookMs }
}

/** Opens a guard, and has it verify a ticket where the fault begins later. */
async function open(app: GuardedApp, { lab, made }: Half): Promise<void> {
  const { captchaAppId, appSecretKey } = lab
  const { strike, heal: _, ...setting } = made
  await app.run('open', { captchaAppId, appSecretKey, ...setting })
  if (strike === undefined) return
  const first = await checkOne(app, lab)
  if (first.verdict.reason !== 'verified') throw new Error(`before the fault: ${JSON.stringify(first)}`)
}

async function meetOne(app: GuardedApp, lab: Lab) {
  const before = lab.ticketsSeen
  const checked = await checkOne(app, lab)
  const sent = lab.ticketsSeen - before
  return {
    checked,
    sent,
    settled: await app.run('settled', lab.captchaAppId),
    log: await app.run('close', lab.captchaAppId),
  }
}

async function meetTwenty(app: GuardedApp, lab: Lab) {
  const { captchaAppId } = lab
  await app.run('check', { captchaAppId, count: burstSize })
  const settled = await app.run('settled', captchaAppId)
  return { settled, next: await checkOne(app, lab), log: await app.run('close', captchaAppId) }
}

async function checkOne(app: GuardedApp, { captchaAppId }: Lab): Promise<Checked> {
  const [checked] = await app.run('check', { captchaAppId, count: 1 })
  return checked as Checked
}

async function leftovers(app: GuardedApp, labs: readonly Lab[]): Promise<string[]> {
  const left = (await app.run('left')).map((resource) => `left in the process: ${resource}`)
  const stray = labs.filter(({ strayConnections }) => strayConnections > 0).map(() => 'a stranger was reached')
  const open = await Promise.all(labs.map(openSockets))
  return [...left, ...stray, ...open.flat()]
}

/** An end that is under way takes a moment to arrive. */
async function openSockets(lab: Lab): Promise<string[]> {
  const late = new Promise<void>((resolve) => setTimeout(resolve, 2000).unref())
  await Promise.race([late, Promise.all(lab.servers.map((server) => server.allClosed()))])
  return lab.openSockets === 0 ? [] : [`${lab.openSockets} sockets are left at the server`]
}

function runPlain({ plain }: FaultCase, app: GuardedApp, { lab, made: { endpoint } }: Half) {
  if (plain === undefined) return
  const { captchaAppId, appSecretKey } = lab
  const url = [endpoint].flat()[0] as string
  return app.run('plain', { client: plain.client ?? 'sdk', url, captchaAppId, appSecretKey })
}

function verdictOf({ verdict, lines }: Checked): Expected['verdict'] {
  const { evidence } = lines.find(({ event }) => event === 'captcha_degraded') ?? {}
  const { reason, passed } = verdict
  return { reason, passed, ...(verdict.degraded && { cause: verdict.cause, ...(evidence && { evidence }) }) }
}

/** Far above what is waited for at most, 250 ms: the machine may be busy. */
const atOnceMs = 900
/** The last 50 ms of the deadline of two seconds are the canary's. */
const deadlineMs = 1900

function durationOf(ms: number): Duration {
  if (ms < atOnceMs) return 'at once'
  return ms < deadlineMs ? 'before the deadline' : 'at the deadline'
}

function secretsIn(log: string): string[] {
  return ['tr03ticket', 'randstrOfUser', 'secretOfTheApp', '"KEY"']
    .filter((secret) => log.includes(secret))
    .map((secret) => `the log quotes ${secret}`)
}

/** An open circuit is told; where it has closed again, that as well. */
function outageUntold(state: CircuitSnapshot['state'], log: string): string[] {
  const count = (event: string) => log.split(`"event":"${event}"`).length - 1
  const told = count('captcha_outage_started') - count('captcha_outage_ended')
  return told === (state === 'open' ? 1 : 0) ? [] : [`the log tells of ${told} outages that last`]
}
