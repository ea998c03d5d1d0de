import { expect, jest, test } from '@jest/globals'
import { isSeenByUsersAlone, planOf } from './plan.js'
import { seedsInCi, seedsOfRun } from './swarm-seeds.js'
import { SwarmSite } from './swarm-site.js'

// A seed that fails once fails again.
jest.retryTimes(0)

const { seeds, isReplay } = seedsOfRun(process.env)
/** Writes to the terminal itself: jest prints a stack trace with every line of `console.log`. */
const tell = (text: string) => process.stderr.write(`${text}\n`)

/** What is wrong with a site of this seed, with the log that led there. */
async function failuresOf(seed: number, seen: Seen): Promise<readonly string[]> {
  const plan = planOf(seed)
  const site = new SwarmSite(plan, { withAttackers: true })
  await site.run()
  if (isReplay) tell([JSON.stringify(plan, null, 2), ...site.log].join('\n'))
  for (const reason of site.reasons.keys()) seen.reasons.add(reason)
  seen.decisions += [...site.reasons.values()].reduce((sum, count) => sum + count, 0)
  seen.transitions += site.transitions.flat().length
  if (plan.attacks.length === 0 || !isSeenByUsersAlone(plan)) return site.violations
  const alone = new SwarmSite(plan, { withAttackers: false })
  await alone.run()
  seen.compared++
  const [attacked, left] = [site, alone].map(({ transitions }) => JSON.stringify(transitions))
  const isSame = attacked === left
  return [
    ...site.violations,
    ...alone.violations,
    ...(isSame ? [] : [`attackers change the circuits: ${left} becomes ${attacked}`]),
  ]
}

interface Seen {
  readonly reasons: Set<string>
  decisions: number
  transitions: number
  compared: number
}

test(`sites of ${seeds.length} seeds keep every promise, whatever users, attackers and faults do`, async () => {
  const startedMs = performance.now()
  const seen: Seen = { reasons: new Set(), decisions: 0, transitions: 0, compared: 0 }
  const failed: string[] = []
  for (const seed of seeds) {
    const failures = await failuresOf(seed, seen)
    if (failures.length === 0) continue
    tell(`swarm: seed ${seed} failed; SWARM_SEED=${seed} npm run test:swarm runs it again and prints its log`)
    failed.push(`${seed}: ${failures[0]}${failures.length > 1 ? ` (and ${failures.length - 1} more)` : ''}`)
  }
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  tell(
    `swarm: ${seeds.length} seeds, ${seen.decisions} decisions, ${seen.transitions} openings and closings, ${seen.compared} sites compared without attackers, ${seconds} s`,
  )
  expect(failed).toEqual([])
  if (seeds.length < seedsInCi) return
  // Sites in which nothing happens would keep every promise.
  expect([seen.transitions > 300, seen.compared > 30]).toEqual([true, true])
  for (const reason of [
    'verified',
    'timeout',
    'circuit_open',
    'internal_error',
    'client_fallback',
    'overloaded',
    'override',
    'throttled',
    'unreachable',
  ]) {
    expect([...seen.reasons]).toContain(`${reason} passed`)
  }
  for (const reason of [
    'ticket_reused',
    'fallback_replayed',
    'budget_exhausted',
    'rate_limited',
    'degradation_refused',
    'misconfigured',
  ]) {
    expect([...seen.reasons]).toContain(reason)
  }
}, 3_600_000)

test('a seed is replayed by its number, a range of new ones by its ends, and kept ones always run', () => {
  expect(seedsOfRun({ SWARM_SEED: '7' })).toEqual({ seeds: [7], isReplay: true })
  const { seeds: range } = seedsOfRun({ SWARM_SEEDS: '1000-1002' })
  expect(range.slice(-3)).toEqual([1000, 1001, 1002])
  expect(seedsOfRun({ SWARM: 'whole' }).seeds.length).toBeGreaterThanOrEqual(seedsInCi)
  expect(() => seedsOfRun({ SWARM_SEED: 'x' })).toThrow('no seed')
})

test('the same seed gives the same site, event by event', async () => {
  const logs = await Promise.all(
    [11, 11].map(async (seed) => {
      const site = new SwarmSite(planOf(seed), { withAttackers: true })
      await site.run()
      return site.log
    }),
  )
  expect(logs[0]?.length).toBeGreaterThan(10)
  expect(logs[0]).toEqual(logs[1])
})
