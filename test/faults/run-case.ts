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
  readonly plain: PlainResult | undefined
  /** Of the lone ticket. */
  readonly tookMs: number
}

/** Runs one fault twice, for a guard that meets it with one user and for one that meets it with twenty at once. */
export async function runCase(fault: FaultCase, app: GuardedApp, labs: readonly [Lab, Lab]): Promise<Observation> {
  await app.run('begin')
  const made = await Promise.all(labs.map((lab) => fault.make(lab)))
  const [[lone, burst], [loneLab, burstLab]] = [made as [MadeFault, MadeFault], labs]
  const [one, twenty] = await Promise.all([
    meet(app, loneLab, lone, async () => {
      const before = loneLab.ticketsSeen
      const [checked] = (await app.run('check', { captchaAppId: loneLab.captchaAppId, count: 1 })) as [Checked]
      const sent = loneLab.ticketsSeen - before
      return { checked, sent, settled: await app.run('settled', loneLab.captchaAppId) }
    }),
    meet(app, burstLab, burst, async () => {
      const { captchaAppId } = burstLab
      const burstChecks = await app.run('check', { captchaAppId, count: burstSize })
      const settled = await app.run('settled', captchaAppId)
      const [next] = (await app.run('check', { captchaAppId, count: 1 })) as [Checked]
      return { burstChecks, settled, next }
    }),
  ])
  const problems = await leftovers(app, labs, made)
  const { checked, sent, settled } = one.result
  const store = fault.expected.store && { store: settled.store.state }
  const seen: Expected = {
    verdict: verdictOf(checked),
    time: durationOf(checked.tookMs),
    sent,
    lines: checked.lines.map(({ event }) => event).sort(),
    circuit: { afterOne: settled.circuit.state, afterTwenty: twenty.result.settled.circuit.state },
    next: { reason: twenty.result.next.verdict.reason, time: durationOf(twenty.result.next.tookMs) },
    ...store,
  }
  const logs = [...secretsIn(one.log), ...secretsIn(twenty.log), ...outageUntold(seen.circuit.afterTwenty, twenty.log)]
  fault.also?.(loneLab)
  const plain = await runPlain(fault, app, loneLab, lone)
  return { seen, problems: [...problems, ...logs], plain, tookMs: checked.tookMs }
}

/** Opens a guard, lets it meet the fault, and closes it. */
async function meet<Result>(app: GuardedApp, lab: Lab, made: MadeFault, run: () => Promise<Result>) {
  const { captchaAppId, appSecretKey } = lab
  const { strike, heal: _, ...setting } = made
  await app.run('open', { captchaAppId, appSecretKey, ...setting })
  if (strike !== undefined) {
    const [first] = (await app.run('check', { captchaAppId, count: 1 })) as [Checked]
    if (first.verdict.reason !== 'verified') throw new Error(`before the fault: ${JSON.stringify(first)}`)
    await strike()
  }
  const result = await run()
  const log = await app.run('log', captchaAppId)
  await app.run('close', captchaAppId)
  return { result, log }
}

async function leftovers(app: GuardedApp, labs: readonly Lab[], made: readonly MadeFault[]): Promise<string[]> {
  for (const { heal } of made) await heal?.()
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

function runPlain({ plain }: FaultCase, app: GuardedApp, lab: Lab, { endpoint }: MadeFault) {
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

/** Suspicion begins after half a second; the last 50 ms of the deadline of two seconds are the canary's. */
function durationOf(ms: number): Duration {
  if (ms < 500) return 'at once'
  return ms < 1900 ? 'in its own time' : 'at the deadline'
}

function secretsIn(log: string): string[] {
  return ['tr03ticket', 'randstrOfUser', 'secretOfTheApp', '"KEY"']
    .filter((secret) => log.includes(secret))
    .map((secret) => `the log quotes ${secret}`)
}

function outageUntold(state: CircuitSnapshot['state'], log: string): string[] {
  const isTold = log.includes('captcha_outage_started')
  return isTold === (state === 'open') ? [] : [`the log ${isTold ? 'speaks' : 'is silent'} of an outage`]
}
