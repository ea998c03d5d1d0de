import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { OverrideMode } from '../../lib/admission/question.js'
import type { DegradationOptions } from '../../lib/options/options.js'
import { type Decided, honestGapMs, requestsWhile, World } from '../support/unverified-requests.js'

/*
 * The rules of the decision, said once more by hand and held against what was decided. Nothing here asks the package what is
 * right: a row of its table, an order or a purse that changes makes one of these sentences false.
 */

type Rules = Readonly<Record<string, 'pass' | 'refuse' | undefined>>

const fiveMinutesMs = 300_000
const causes = [
  'internal_error',
  'timeout',
  'circuit_open',
  'throttled',
  'client_fallback',
  'misconfigured',
  'override',
]

/** What a cause does where the operator said nothing. */
const defaultRule = (cause: string) => (cause === 'misconfigured' ? 'refuse' : 'pass')

/** Why a request has no verdict of Tencent's, from what Tencent answered to it. */
function causesOf({ request, answer }: Decided, overrides: ReadonlySet<OverrideMode>): readonly string[] {
  const override = overrides.has('pass') ? ['override'] : []
  if (request.ticket === 'fallback') return [...override, 'client_fallback']
  switch (answer) {
    case 'not_asked':
      // Throttled by the guard's own limit.
      return [...override, 'circuit_open', 'overloaded', 'throttled']
    case 'unanswered':
      return ['timeout', 'circuit_open']
    case 'InternalError':
      return ['internal_error', 'circuit_open']
    case 'RequestLimitExceeded':
      return ['throttled', 'circuit_open']
    case 'AuthFailure':
      return ['misconfigured', 'circuit_open']
    // The circuit opened over the call.
    default:
      return ['circuit_open']
  }
}

const isOnly = (mode: OverrideMode, overrides: ReadonlySet<OverrideMode>) => overrides.size === 1 && overrides.has(mode)

interface Circumstances {
  readonly rules: Rules
  readonly overrides: ReadonlySet<OverrideMode>
  /** When Tencent first gave no verdict to any call; infinite where it always did. */
  readonly firstFailureMs: number
}

function expectDegraded(decided: Decided, { rules, overrides, firstFailureMs }: Circumstances): void {
  const { verdict, trace } = decided.decision
  const cause = verdict.cause as string
  expect(trace.stage).toBe('resolve')
  expect(causesOf(decided, overrides)).toContain(cause)
  expect(['outage', 'none']).toContain(trace.evidence)
  if (decided.endedMs < firstFailureMs) expect(trace.evidence).toBe('none')
  if (isOnly('pass', overrides)) expect([cause, decided.answer]).toEqual(['override', 'not_asked'])
  if (isOnly('verify_only', overrides)) expect(verdict.passed).toBe(false)
  if (trace.rule !== undefined) {
    expect(trace.rule).toBe(rules[cause] ?? defaultRule(cause))
    expect(trace.ruleFrom).toBe(rules[cause] === undefined ? 'default' : 'option')
  }
  if (trace.purse !== undefined) {
    expect(trace.rule).toBe('pass')
    expect(trace.purse).toBe(cause === 'override' || trace.evidence === 'outage' ? 'outage' : 'doubt')
  }
  if (verdict.passed) {
    expect(verdict.reason).toBe(cause)
    expect(trace.purse).toBeDefined()
    expect(trace.exhaustedBy).toBeUndefined()
    expect(trace.purseUsed).toBeGreaterThanOrEqual(1)
    expect(trace.purseUsed).toBeLessThanOrEqual(trace.purseLimit as number)
    return
  }
  switch (verdict.reason) {
    case 'budget_exhausted':
      expect(trace.purse).toBeDefined()
      if (trace.exhaustedBy === 'client') expect(trace.purseUsed).toBeGreaterThanOrEqual(trace.purseLimit as number)
      else expect(trace.exhaustedBy).toBe('total')
      return
    case 'misconfigured':
      expect(cause).toBe('misconfigured')
      expect([trace.rule, trace.purse]).toEqual(['refuse', undefined])
      return
    default:
      expect(verdict.reason).toBe('degradation_refused')
      expect(trace.purse).toBeUndefined()
      if (trace.rule !== 'refuse') expect([...overrides]).toContain('verify_only')
  }
}

function expectRefusedForItsInput({ request, answer, decision }: Decided, passedBeforeItEnded: boolean): void {
  const { verdict, trace } = decision
  expect(trace).not.toHaveProperty('purse')
  switch (verdict.reason) {
    case 'ticket_invalid':
      return expect([answer, trace]).toEqual(['CaptchaCode 15', { stage: 'ask' }])
    case 'rate_limited':
      return expect([answer, trace]).toEqual(['not_asked', { stage: 'precheck' }])
    default:
      // Two requests brought the ticket at once, and the other one passed first.
      expect(verdict.reason).toBe(replayReason(request.ticket))
      expect(trace.stage).toBe('resolve')
      expect(passedBeforeItEnded).toBe(true)
  }
}

const replayReason = (ticket: string) => (ticket === 'fallback' ? 'fallback_replayed' : 'ticket_reused')

/** Overrides that were in force while a request was decided. */
class OverrideTimes {
  readonly #set: { readonly mode: OverrideMode; readonly fromMs: number }[] = [{ mode: 'none', fromMs: 0 }]

  note(mode: OverrideMode, fromMs: number): void {
    this.#set.push({ mode, fromMs })
  }

  during({ startedMs, endedMs }: Decided): ReadonlySet<OverrideMode> {
    const before = this.#set.findLast(({ fromMs }) => fromMs < startedMs)
    const meanwhile = this.#set.filter(({ fromMs }) => fromMs >= startedMs && fromMs <= endedMs)
    return new Set([...(before ? [before] : []), ...meanwhile].map(({ mode }) => mode))
  }
}

function expectDecisions(
  world: World,
  overrides: OverrideTimes,
  circumstances: Omit<Circumstances, 'overrides'>,
): void {
  const lastPass = new Map<string, Decided>()
  for (const decided of world.decided) {
    const { request, answer, decision } = decided
    const { verdict, trace } = decision
    const earlier = lastPass.get(request.ticketKey)
    const sinceMs = (atMs: number) => atMs - (earlier?.endedMs ?? Number.NEGATIVE_INFINITY)
    const isReplay = earlier && earlier.endOrder < decided.startOrder && sinceMs(decided.startedMs) < fiveMinutesMs
    const passedMeanwhile = sinceMs(decided.endedMs) < fiveMinutesMs
    if (isReplay) {
      expect([verdict.reason, answer]).toEqual([replayReason(request.ticket), 'not_asked'])
      expect(trace).toEqual({ stage: 'precheck' })
    } else if (verdict.reason === 'verified') {
      expect([answer, verdict.degraded, trace]).toEqual(['CaptchaCode 1', false, { stage: 'ask' }])
    } else if (verdict.degraded && verdict.reason !== 'fallback_replayed') {
      expectDegraded(decided, { ...circumstances, overrides: overrides.during(decided) })
    } else {
      expectRefusedForItsInput(decided, passedMeanwhile)
    }
    if (!verdict.passed) continue
    expect(passedMeanwhile).toBe(false)
    lastPass.set(request.ticketKey, decided)
  }
}

/** Each purse gave as many passes as requests passed from it: a refusal draws nothing. */
function expectNothingElseDrawn(world: World): void {
  const purses = world.process.pursesNow()
  for (const name of ['outage', 'doubt'] as const) {
    const passed = world.passes.filter(({ decision }) => decision.trace.purse === name)
    expect(purses[name].taken).toBe(passed.length)
  }
}

const rulesOption = fc.dictionary(fc.constantFrom(...causes), fc.constantFrom('pass', 'refuse'), { maxKeys: 3 })
/** Within the first steps: most runs have no more than ten. */
const overrideSteps = fc.array(
  fc.record({ at: fc.nat(8), mode: fc.constantFrom<OverrideMode>('pass', 'pass', 'verify_only', 'none') }),
  { maxLength: 3 },
)

test('every decision follows the rules, in healthy times, in outages and under overrides', () => {
  fc.assert(
    fc.property(
      honestGapMs,
      rulesOption,
      requestsWhile('well', 'well', 'throttles', 'misconfigured', 'errors', 'hangs'),
      overrideSteps,
      (gapMs, rules, steps, overridden) => {
        const world = new World(gapMs, { rules } as DegradationOptions)
        const overrides = new OverrideTimes()
        let firstFailureMs = Number.POSITIVE_INFINITY
        for (const [index, { request, tencent }] of steps.entries()) {
          for (const { mode } of overridden.filter(({ at }) => at === index)) {
            overrides.note(mode, world.clock.nowMs())
            world.process.services.site.setOverride({ mode, by: 'test', leftMs: Number.POSITIVE_INFINITY })
          }
          if (tencent !== 'well') firstFailureMs = Math.min(firstFailureMs, world.clock.nowMs())
          world.tencent = tencent
          world.send(request)
          world.advance(request.afterMs)
        }
        world.advance(2500)
        expectDecisions(world, overrides, { rules, firstFailureMs })
        expectNothingElseDrawn(world)
        world.close()
      },
    ),
    { numRuns: 40 },
  )
})
