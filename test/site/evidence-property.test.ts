import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Decided, honestGapMs, requestsWhile, unverifiedRequests, World } from '../support/unverified-requests.js'

/** Honest passes come back in it, before their absence is a collapse. */
const pauseMs = 20_000

/** What must not be while Tencent answers; `expect` after each of a million events would take minutes. */
function findEvidence({ process, clock, suspicionExplainedUntilMs }: World): string | undefined {
  const { circuit, clientPath } = process.services.site
  const { state } = circuit
  if (state === 'open') return 'the circuit is open'
  if (state === 'suspect' && clock.nowMs() > suspicionExplainedUntilMs)
    return 'the circuit is suspect without a failed call'
  if (circuit.evidence() === 'outage') return 'evidence against the API'
  return clientPath.finding().state === 'healthy' ? undefined : 'evidence against the client path'
}

/** Without evidence a degraded pass comes from the doubt purse, whatever its cause. */
function expectDoubt({ decision: { verdict, trace } }: Decided): void {
  expect(trace.evidence ?? 'none').toBe('none')
  expect(trace.purse ?? 'doubt').toBe('doubt')
  if (verdict.passed && verdict.degraded) expect(trace.purse).toBe('doubt')
  expect(verdict.cause).not.toBe('circuit_open')
}

function runWithTencentAnswering(
  world: World,
  steps: ReturnType<typeof requestsWhile> extends fc.Arbitrary<infer Steps> ? Steps : never,
): void {
  const found = new Set<string>()
  world.onEvent = () => {
    const evidence = findEvidence(world)
    if (evidence !== undefined) found.add(evidence)
  }
  for (const { request, tencent } of steps) {
    world.tencent = tencent
    world.send(request)
    world.advance(request.afterMs)
    world.tencent = 'well'
    world.advance(pauseMs)
  }
  world.close()
  expect([...found]).toEqual([])
  const decided = world.decided.filter(({ isHonest, decision }) => !isHonest || !decision.verdict.passed)
  for (const each of decided) expectDoubt(each)
}

test('unverified requests make no evidence of an outage and open no circuit while Tencent answers', () => {
  fc.assert(
    fc.property(honestGapMs, requestsWhile('well', 'well', 'throttles', 'misconfigured'), (gapMs, steps) => {
      runWithTencentAnswering(new World(gapMs), steps)
    }),
    { numRuns: 40 },
  )
})

/** Restated by hand: what Tencent does, and why the circuit is open then. */
const outages = fc.constantFrom(
  ...([
    ['errors', 'canary_failed'],
    ['hangs', 'canary_failed'],
    ['tickets_hang', 'canary_disagrees'],
  ] as const),
)

test('while Tencent fails every call the circuit opens and stays open, whatever unverified requests come between', () => {
  fc.assert(
    fc.property(fc.constantFrom(200, 3000), outages, unverifiedRequests, (gapMs, [tencent, why], requests) => {
      const world = new World(gapMs)
      const { circuit } = world.process.services.site
      world.tencent = tencent
      for (const request of requests) {
        world.send(request)
        world.advance(Math.min(request.afterMs, gapMs))
      }
      // Five failures in a row, and where the canary is healthy a silence of twenty usual gaps, at least ten seconds.
      world.advance(Math.max(10_000, 20 * gapMs) + 5 * gapMs + 5000)
      world.close()
      expect([circuit.state, circuit.why]).toEqual(['open', why])
    }),
    { numRuns: 40 },
  )
})

test('refused, throttled, replayed and abandoned requests raise no suspicion', () => {
  const harmless = requestsWhile('well', 'throttles', 'misconfigured').map((steps) =>
    steps.filter(({ request }) => request.ticket !== 'poison' && request.ticket !== 'tar'),
  )
  fc.assert(
    fc.property(honestGapMs, harmless, (gapMs, steps) => {
      const world = new World(gapMs)
      runWithTencentAnswering(world, steps)
      expect(world.suspicionExplainedUntilMs).toBe(Number.NEGATIVE_INFINITY)
    }),
    { numRuns: 40 },
  )
})
