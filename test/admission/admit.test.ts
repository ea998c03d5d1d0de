import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type AdmissionRequest, admit, choosePurse } from '../../lib/admission/admit.js'
import type { DegradationCause } from '../../lib/admission/cause-table.js'
import { degraded, type Outcome, type TencentFacts } from '../../lib/admission/outcome.js'
import type {
  Answers,
  AppliedRule,
  Claim,
  Decision,
  DecisionTrace,
  Evidence,
  OverrideMode,
  PurseName,
  Question,
  RuleAction,
  Standing,
  Weight,
} from '../../lib/admission/question.js'
import type { ClassifiedTicket } from '../../lib/admission/ticket.js'
import type { CaptchaVerdict } from '../../lib/admission/verdict.js'
import {
  causes,
  degradedPass,
  degradedRefusal,
  degradedRefusals,
  inputRefusals,
  refused,
  verified,
} from './verdicts.js'

const epochMs = Date.UTC(2026, 0, 1)
const maxFallbackAgeMs = 300_000

const missing: ClassifiedTicket = { kind: 'missing' }
const malformed: ClassifiedTicket = { kind: 'malformed' }
const ordinary: ClassifiedTicket = { kind: 'ordinary', ticket: 'tr03abc*', randstr: '@abc' }

function fallback({ ageMs = 0, code = 1001 } = {}): ClassifiedTicket {
  const issuedAtSeconds = (epochMs - ageMs) / 1000
  return { kind: 'fallback', ticket: 'trerror_', randstr: '@abc', clientErrorCode: code, issuedAtSeconds, sid: '' }
}

const granted: Claim = { kind: 'granted', used: 1, limit: 3, remaining: 9 }
const usual: Answers = {
  look: { override: 'none', hasPassed: false, isRateLimited: false, epochMs },
  ask_tencent: { kind: 'verified', facts: { captchaCode: 1 } },
  record_verified: { isFirst: true },
  weigh: { override: 'none', evidence: 'none', evidenceWhy: 'the API answers' },
  apply_rule: { action: 'pass', from: 'default' },
  claim_pass: granted,
  measure_time: 12,
}

const look = (change: Partial<Standing>): Pick<Answers, 'look'> => ({ look: { ...usual.look, ...change } })
const weigh = (change: Partial<Weight>): Pick<Answers, 'weigh'> => ({ weigh: { ...usual.weigh, ...change } })
const reply = (outcome: Outcome): Pick<Answers, 'ask_tencent'> => ({ ask_tencent: outcome })
const rule = (action: RuleAction, from: AppliedRule['from']) => ({ apply_rule: { action, from } })

/** Runs the decision with an answer ready for each kind of question. */
function play(request: Partial<AdmissionRequest>, answers: Partial<Answers> = {}) {
  const steps = admit({ ticket: ordinary, hasAddress: true, maxFallbackAgeMs, ...request })
  const questions: Question[] = []
  const ready = { ...usual, ...answers }
  let step = steps.next(undefined as never)
  while (!step.done) {
    questions.push(step.value)
    if (questions.length > 20) throw new Error(`it asks without end: ${JSON.stringify(questions)}`)
    step = steps.next(ready[step.value.kind])
  }
  const decision: Decision = step.value
  return { ...decision, questions, asked: questions.map(({ kind }) => kind).join(' ') }
}

/** The questions that are asked, in their order. */
const asks = {
  nothing: 'look measure_time',
  andRecords: 'look ask_tencent record_verified measure_time',
  andRefuses: 'look ask_tencent measure_time',
  andClaims: 'look ask_tencent weigh apply_rule claim_pass measure_time',
  upToTheRule: 'look ask_tencent weigh apply_rule measure_time',
  upToTheWeight: 'look ask_tencent weigh measure_time',
  notTencent: 'look weigh apply_rule claim_pass measure_time',
  onlyTheRule: 'look weigh apply_rule measure_time',
  onlyTheWeight: 'look weigh measure_time',
} as const

/** As verdicts.ts makes them, after the 12 ms that every case here takes. */
const is = {
  verified: (facts: TencentFacts) => verified(facts, 12),
  refused: (reason: (typeof inputRefusals)[number], facts: TencentFacts = {}) => refused(reason, facts, 12),
  stale: degradedRefusal('fallback_stale', 'client_fallback', { clientErrorCode: 1001 }, 12),
  replayed: degradedRefusal('fallback_replayed', 'client_fallback', { clientErrorCode: 1001 }, 12),
  passed: (cause: DegradationCause, facts: TencentFacts = {}) => degradedPass(cause, facts, 12),
  kept: (reason: (typeof degradedRefusals)[number], cause: DegradationCause, facts: TencentFacts = {}) =>
    degradedRefusal(reason, cause, facts, 12),
}

const precheck: DecisionTrace = { stage: 'precheck' }
const ask: DecisionTrace = { stage: 'ask' }
const weighed: DecisionTrace = { stage: 'resolve', evidence: 'none', evidenceWhy: 'the API answers' }
const ruled: DecisionTrace = { ...weighed, rule: 'pass', ruleFrom: 'default' }
const drawn: DecisionTrace = { ...ruled, purse: 'doubt', purseUsed: 1, purseLimit: 3, purseRemaining: 9 }
const code1001 = { clientErrorCode: 1001 }

type Case = readonly [string, Partial<AdmissionRequest>, Partial<Answers>, string, CaptchaVerdict, DecisionTrace]

function holds(...[, request, answers, asked, verdict, trace]: Case): void {
  const played = play(request, answers)
  expect(played.asked).toBe(asked)
  expect(played.verdict).toStrictEqual(verdict)
  expect(Object.isFrozen(played.verdict)).toBe(true)
  expect(played.trace).toEqual(trace)
}

const everythingLater = look({ hasPassed: true, isRateLimited: true })
const everythingAndOverride = look({ hasPassed: true, isRateLimited: true, override: 'pass' })
const overriddenTo = (override: OverrideMode) => ({ ...look({ override }), ...weigh({ override }) })
const limited = look({ isRateLimited: true })
const noAddress = { hasAddress: false }

// biome-ignore format: a table is read by its columns
describe('before Tencent is asked', () => {
  test.each<Case>([
    ['a malformed ticket is refused', { ticket: malformed }, {}, asks.nothing, is.refused('ticket_malformed'), precheck],
    ['a malformed ticket comes before all else', { ticket: malformed, ...noAddress }, everythingAndOverride, asks.nothing, is.refused('ticket_malformed'), precheck],
    ['a missing ticket is refused', { ticket: missing }, {}, asks.nothing, is.refused('ticket_missing'), precheck],
    ['a missing ticket comes before address, replay and rate limit', { ticket: missing, ...noAddress }, everythingLater, asks.nothing, is.refused('ticket_missing'), precheck],
    ['a missing ticket is refused under verify_only', { ticket: missing }, overriddenTo('verify_only'), asks.nothing, is.refused('ticket_missing'), precheck],
    ['a missing ticket passes under the override', { ticket: missing }, overriddenTo('pass'), asks.notTencent, is.passed('override'), { ...drawn, purse: 'outage' }],
    ['without an address it is refused', noAddress, {}, asks.nothing, is.refused('rejected'), precheck],
    ['without an address a fallback ticket is refused', { ticket: fallback(), ...noAddress }, {}, asks.nothing, is.refused('rejected'), precheck],
    ['without an address a missing ticket is refused, override or not', { ticket: missing, ...noAddress }, overriddenTo('pass'), asks.nothing, is.refused('rejected'), precheck],
    ['a missing address comes before replay, age, override and rate limit', { ticket: fallback({ ageMs: 600_000 }), ...noAddress }, everythingAndOverride, asks.nothing, is.refused('rejected'), precheck],
    ['a ticket that passed is refused', {}, look({ hasPassed: true }), asks.nothing, is.refused('ticket_reused'), precheck],
    ['a ticket that passed comes before override and rate limit', {}, everythingAndOverride, asks.nothing, is.refused('ticket_reused'), precheck],
    ['a fallback ticket that passed is refused', { ticket: fallback() }, look({ hasPassed: true }), asks.nothing, is.replayed, precheck],
    ['a fallback ticket that passed comes before its age and the override', { ticket: fallback({ ageMs: 600_000 }) }, everythingAndOverride, asks.nothing, is.replayed, precheck],
    ['a stale fallback ticket is refused', { ticket: fallback({ ageMs: 301_000 }) }, {}, asks.nothing, is.stale, precheck],
    ['a stale fallback ticket comes before override and rate limit', { ticket: fallback({ ageMs: 301_000 }) }, look({ override: 'pass', isRateLimited: true }), asks.nothing, is.stale, precheck],
    ['a stale fallback ticket is refused under verify_only', { ticket: fallback({ ageMs: 301_000 }) }, overriddenTo('verify_only'), asks.nothing, is.stale, precheck],
    ['the override comes before the rate limit', {}, { ...overriddenTo('pass'), ...look({ override: 'pass', isRateLimited: true }) }, asks.notTencent, is.passed('override'), { ...drawn, purse: 'outage' }],
    ['the override lets an ordinary ticket in unasked', {}, overriddenTo('pass'), asks.notTencent, is.passed('override'), { ...drawn, purse: 'outage' }],
    ['the override is the cause of a fallback ticket’s pass, too', { ticket: fallback() }, overriddenTo('pass'), asks.notTencent, is.passed('override', code1001), { ...drawn, purse: 'outage' }],
    ['a fallback ticket is never sent to Tencent', { ticket: fallback() }, {}, asks.notTencent, is.passed('client_fallback', code1001), drawn],
    ['a fallback ticket is not rate-limited', { ticket: fallback() }, limited, asks.notTencent, is.passed('client_fallback', code1001), drawn],
    ['the rate limit is the last reason not to ask', {}, limited, asks.nothing, is.refused('rate_limited'), precheck],
    ['the rate limit holds under verify_only', {}, look({ override: 'verify_only', isRateLimited: true }), asks.nothing, is.refused('rate_limited'), precheck],
  ])('%s', holds)

  test.each([
    [0, 'passes'],
    [299_000, 'passes'],
    [300_000, 'passes'],
    [301_000, 'is stale'],
    [86_400_000, 'is stale'],
    [-1000, 'passes'],
    [-60_000, 'passes'],
    [-61_000, 'is stale'],
    [-86_400_000, 'is stale'],
  ])('a fallback ticket of %i ms %s', (ageMs, what) => {
    expect(play({ ticket: fallback({ ageMs }) }).verdict.reason === 'fallback_stale').toBe(what === 'is stale')
  })

  test('the age of a fallback ticket is compared to the millisecond', () => {
    const reasonAt = (nowMs: number) => play({ ticket: fallback() }, look({ epochMs: nowMs })).verdict.reason
    expect(reasonAt(epochMs + 300_000)).toBe('client_fallback')
    expect(reasonAt(epochMs + 300_001)).toBe('fallback_stale')
    expect(reasonAt(epochMs - 60_000)).toBe('client_fallback')
    expect(reasonAt(epochMs - 60_001)).toBe('fallback_stale')
  })

  test('the age of a fallback ticket is compared to the option', () => {
    const reasonAt = (ageMs: number) => play({ ticket: fallback({ ageMs }), maxFallbackAgeMs: 1000 }).verdict.reason
    expect(reasonAt(1000)).toBe('client_fallback')
    expect(reasonAt(2000)).toBe('fallback_stale')
  })
})

const facts = { captchaCode: 1, requestId: 'r' }
const failed = reply(degraded('timeout'))
const misconfigured = reply(degraded('misconfigured', { facts: { errorCode: 'AuthFailure' } }))
const authFailure = { errorCode: 'AuthFailure' }
const exhausted = (by: 'client' | 'total'): Claim => ({ kind: 'exhausted', by, used: 3, limit: 3, remaining: 0 })
const empty: DecisionTrace = { ...ruled, purse: 'doubt', purseUsed: 3, purseLimit: 3, purseRemaining: 0 }
const seen = weigh({ evidence: 'outage', evidenceWhy: 'circuit open: canary_failed' })
const outage: DecisionTrace = { evidence: 'outage', evidenceWhy: 'circuit open: canary_failed', stage: 'resolve' }
const limitedCode = { clientErrorCode: 1014 }

// biome-ignore format: a table is read by its columns
describe('when Tencent has been asked', () => {
  test.each<Case>([
    ['a verified ticket passes once it is recorded', {}, reply({ kind: 'verified', facts }), asks.andRecords, is.verified(facts), ask],
    ['a verified ticket passes under verify_only', {}, { ...overriddenTo('verify_only'), ...reply({ kind: 'verified', facts }) }, asks.andRecords, is.verified(facts), ask],
    ['a verified ticket that passed meanwhile is refused', {}, { ...reply({ kind: 'verified', facts }), record_verified: { isFirst: false } }, asks.andRecords, is.refused('ticket_reused', facts), { stage: 'resolve' }],
    ...inputRefusals.map((reason): Case => [`a refusal stands: ${reason}`, {}, reply({ kind: 'refused', reason, facts: { captchaCode: 5 } }), asks.andRefuses, is.refused(reason, { captchaCode: 5 }), ask]),
    ['a refusal is not softened by an outage', {}, { ...reply({ kind: 'refused', reason: 'ticket_expired', facts }), ...seen }, asks.andRefuses, is.refused('ticket_expired', facts), ask],
  ])('%s', holds)

  test('an exception that nothing classified is thrown on, and nothing more is asked', () => {
    const error = new RangeError('x')
    const steps = admit({ ticket: ordinary, hasAddress: true, maxFallbackAgeMs })
    steps.next(undefined as never)
    expect(steps.next(usual.look).value).toEqual({ kind: 'ask_tencent' })
    expect(() => steps.next({ kind: 'bug', error })).toThrow(error)
    expect(steps.next(usual.measure_time)).toEqual({ done: true, value: undefined })
  })
})

// biome-ignore format: a table is read by its columns
describe('when the verdict is missing', () => {
  test.each<Case>([
    ...causes.map((cause): Case => [`a pass has its cause as its reason: ${cause}`, {}, reply(degraded(cause, { facts })), asks.andClaims, is.passed(cause, facts), { ...drawn, purse: cause === 'override' ? 'outage' : 'doubt' }]),
    ['evidence of an outage chooses the outage purse', {}, { ...failed, ...seen }, asks.andClaims, is.passed('timeout'), { ...outage, rule: 'pass', ruleFrom: 'default', purse: 'outage', purseUsed: 1, purseLimit: 3, purseRemaining: 9 }],
    ['evidence of an outage counts for fallback tickets', { ticket: fallback() }, seen, asks.notTencent, is.passed('client_fallback', code1001), { ...outage, rule: 'pass', ruleFrom: 'default', purse: 'outage', purseUsed: 1, purseLimit: 3, purseRemaining: 9 }],
    ['the page’s own rate limit is no sign of an outage', { ticket: fallback({ code: 1014 }) }, seen, asks.notTencent, is.passed('client_fallback', limitedCode), { ...outage, rule: 'pass', ruleFrom: 'default', purse: 'doubt', purseUsed: 1, purseLimit: 3, purseRemaining: 9 }],
    ['verify_only refuses before the rule', {}, { ...overriddenTo('verify_only'), ...failed }, asks.upToTheWeight, is.kept('degradation_refused', 'timeout'), weighed],
    ['verify_only refuses a fallback ticket before the rule', { ticket: fallback() }, overriddenTo('verify_only'), asks.onlyTheWeight, is.kept('degradation_refused', 'client_fallback', code1001), weighed],
    ['verify_only set while Tencent was asked refuses as well', {}, { ...failed, ...weigh({ override: 'verify_only' }) }, asks.upToTheWeight, is.kept('degradation_refused', 'timeout'), weighed],
    ['verify_only set against an override that passed the precheck refuses', {}, { ...look({ override: 'pass' }), ...weigh({ override: 'verify_only' }) }, asks.onlyTheWeight, is.kept('degradation_refused', 'override'), weighed],
    ['an override that ended meanwhile still draws on its purse', {}, look({ override: 'pass' }), asks.notTencent, is.passed('override'), { ...drawn, purse: 'outage' }],
    ['an override set while Tencent was asked leaves cause and purse as they are', {}, { ...failed, ...weigh({ override: 'pass' }) }, asks.andClaims, is.passed('timeout'), drawn],
    ['a refusing rule comes before the purse', {}, { ...failed, ...rule('refuse', 'option') }, asks.upToTheRule, is.kept('degradation_refused', 'timeout'), { ...weighed, rule: 'refuse', ruleFrom: 'option' }],
    ['a refusing rule comes before the purse for a fallback ticket', { ticket: fallback() }, rule('refuse', 'function'), asks.onlyTheRule, is.kept('degradation_refused', 'client_fallback', code1001), { ...weighed, rule: 'refuse', ruleFrom: 'function' }],
    ['a refusing rule comes before the purse under the override', {}, { ...overriddenTo('pass'), ...rule('refuse', 'option') }, asks.onlyTheRule, is.kept('degradation_refused', 'override'), { ...weighed, rule: 'refuse', ruleFrom: 'option' }],
    ['a passing rule is named with its source', {}, { ...failed, ...rule('pass', 'function') }, asks.andClaims, is.passed('timeout'), { ...drawn, ruleFrom: 'function' }],
    ['a configuration error is refused under its own name', {}, { ...misconfigured, ...rule('refuse', 'default') }, asks.upToTheRule, is.kept('misconfigured', 'misconfigured', authFailure), { ...weighed, rule: 'refuse', ruleFrom: 'default' }],
    ['a configuration error passes by a rule', {}, { ...misconfigured, ...rule('pass', 'option') }, asks.andClaims, is.passed('misconfigured', authFailure), { ...drawn, ruleFrom: 'option' }],
    ['verify_only asks the rule about a configuration error, and keeps its name', {}, { ...overriddenTo('verify_only'), ...misconfigured, ...rule('refuse', 'default') }, asks.upToTheRule, is.kept('misconfigured', 'misconfigured', authFailure), { ...weighed, rule: 'refuse', ruleFrom: 'default' }],
    ['verify_only refuses a configuration error that its rule would pass', {}, { ...overriddenTo('verify_only'), ...misconfigured, ...rule('pass', 'option') }, asks.upToTheRule, is.kept('degradation_refused', 'misconfigured', authFailure), { ...weighed, rule: 'pass', ruleFrom: 'option' }],
    ['a client over its limit is the last reason', {}, { ...failed, claim_pass: exhausted('client') }, asks.andClaims, is.kept('budget_exhausted', 'timeout'), { ...empty, exhaustedBy: 'client' }],
    ['an empty total is the last reason', {}, { ...failed, claim_pass: exhausted('total') }, asks.andClaims, is.kept('budget_exhausted', 'timeout'), { ...empty, exhaustedBy: 'total' }],
    ['an empty purse refuses under the override, too', { ticket: missing }, { ...overriddenTo('pass'), claim_pass: exhausted('total') }, asks.notTencent, is.kept('budget_exhausted', 'override'), { ...empty, purse: 'outage', exhaustedBy: 'total' }],
    ['a ticket that passed meanwhile is a replay', {}, { ...failed, claim_pass: { kind: 'replayed' } }, asks.andClaims, is.refused('ticket_reused'), ruled],
    ['a fallback ticket that passed meanwhile is a replay', { ticket: fallback() }, { claim_pass: { kind: 'replayed' } }, asks.notTencent, is.replayed, ruled],
  ])('%s', holds)

  test('the rule is asked with cause and evidence, and the claim names the purse', () => {
    const { questions } = play({}, { ...failed, ...seen })
    expect(questions.slice(2)).toEqual([
      { kind: 'weigh' },
      { kind: 'apply_rule', cause: 'timeout', evidence: 'outage' },
      { kind: 'claim_pass', purse: 'outage' },
      { kind: 'measure_time' },
    ])
  })
})

/** Restated by hand: cause, evidence, client code 1014 or another, purse. */
const purses = [
  ['timeout', 'outage', 1001, 'outage'],
  ['timeout', 'outage', 1014, 'doubt'],
  ['timeout', 'none', 1001, 'doubt'],
  ['timeout', 'none', 1014, 'doubt'],
  ['unreachable', 'outage', 1001, 'outage'],
  ['unreachable', 'outage', 1014, 'doubt'],
  ['unreachable', 'none', 1001, 'doubt'],
  ['unreachable', 'none', 1014, 'doubt'],
  ['http_error', 'outage', 1001, 'outage'],
  ['http_error', 'outage', 1014, 'doubt'],
  ['http_error', 'none', 1001, 'doubt'],
  ['http_error', 'none', 1014, 'doubt'],
  ['bad_response', 'outage', 1001, 'outage'],
  ['bad_response', 'outage', 1014, 'doubt'],
  ['bad_response', 'none', 1001, 'doubt'],
  ['bad_response', 'none', 1014, 'doubt'],
  ['internal_error', 'outage', 1001, 'outage'],
  ['internal_error', 'outage', 1014, 'doubt'],
  ['internal_error', 'none', 1001, 'doubt'],
  ['internal_error', 'none', 1014, 'doubt'],
  ['system_busy', 'outage', 1001, 'outage'],
  ['system_busy', 'outage', 1014, 'doubt'],
  ['system_busy', 'none', 1001, 'doubt'],
  ['system_busy', 'none', 1014, 'doubt'],
  ['circuit_open', 'outage', 1001, 'outage'],
  ['circuit_open', 'outage', 1014, 'doubt'],
  ['circuit_open', 'none', 1001, 'doubt'],
  ['circuit_open', 'none', 1014, 'doubt'],
  ['overloaded', 'outage', 1001, 'outage'],
  ['overloaded', 'outage', 1014, 'doubt'],
  ['overloaded', 'none', 1001, 'doubt'],
  ['overloaded', 'none', 1014, 'doubt'],
  ['throttled', 'outage', 1001, 'outage'],
  ['throttled', 'outage', 1014, 'doubt'],
  ['throttled', 'none', 1001, 'doubt'],
  ['throttled', 'none', 1014, 'doubt'],
  ['credential_unavailable', 'outage', 1001, 'outage'],
  ['credential_unavailable', 'outage', 1014, 'doubt'],
  ['credential_unavailable', 'none', 1001, 'doubt'],
  ['credential_unavailable', 'none', 1014, 'doubt'],
  ['client_fallback', 'outage', 1001, 'outage'],
  ['client_fallback', 'outage', 1014, 'doubt'],
  ['client_fallback', 'none', 1001, 'doubt'],
  ['client_fallback', 'none', 1014, 'doubt'],
  ['misconfigured', 'outage', 1001, 'outage'],
  ['misconfigured', 'outage', 1014, 'doubt'],
  ['misconfigured', 'none', 1001, 'doubt'],
  ['misconfigured', 'none', 1014, 'doubt'],
  ['override', 'outage', 1001, 'outage'],
  ['override', 'outage', 1014, 'outage'],
  ['override', 'none', 1001, 'outage'],
  ['override', 'none', 1014, 'outage'],
] as const satisfies readonly (readonly [DegradationCause, Evidence, number, PurseName])[]

/** Restated by hand: override, rule, whether a purse is asked at all. */
const gates = [
  ['none', 'pass', true],
  ['none', 'refuse', false],
  ['pass', 'pass', true],
  ['pass', 'refuse', false],
  ['verify_only', 'pass', false],
  ['verify_only', 'refuse', false],
] as const satisfies readonly (readonly [OverrideMode, RuleAction, boolean])[]

/** Restated by hand: what a refusal of this cause is called, where its rule says no, and where the override alone does. */
const refusalOf = (cause: DegradationCause, action: RuleAction) =>
  cause === 'misconfigured' && action === 'refuse' ? 'misconfigured' : 'degradation_refused'

describe('the purse of a missing verdict', () => {
  test.each(purses)('is, for %s with evidence %s and client code %i, %s', (cause, evidence, clientErrorCode, purse) => {
    expect(choosePurse(cause, evidence, clientErrorCode)).toBe(purse)
    const outcome = degraded(cause, { facts: { clientErrorCode } })
    for (const [override, action, draws] of gates) {
      const answers = { ...reply(outcome), ...weigh({ evidence, override }), ...rule(action, 'option') }
      const { questions, verdict } = play({}, answers)
      expect(questions.filter(({ kind }) => kind === 'claim_pass')).toEqual(
        draws ? [{ kind: 'claim_pass', purse }] : [],
      )
      expect(verdict).toMatchObject({ passed: draws, reason: draws ? cause : refusalOf(cause, action), cause })
    }
  })

  test.each(causes)('%s without a client code is as with any code but 1014', (cause) => {
    for (const evidence of ['outage', 'none'] as const) {
      expect(choosePurse(cause, evidence)).toBe(choosePurse(cause, evidence, 1006))
    }
  })

  test('is restated for every cause', () => {
    expect([...new Set(purses.map(([cause]) => cause))]).toEqual([...causes])
    expect(purses).toHaveLength(causes.length * 4)
  })
})

describe('a decision', () => {
  test('holds no state: two that run side by side answer as they do alone', () => {
    const first = admit({ ticket: ordinary, hasAddress: true, maxFallbackAgeMs })
    const second = admit({ ticket: fallback(), hasAddress: true, maxFallbackAgeMs })
    first.next(undefined as never)
    second.next(undefined as never)
    expect(first.next(usual.look).value).toEqual({ kind: 'ask_tencent' })
    expect(second.next(usual.look).value).toEqual({ kind: 'weigh' })
    expect(first.next(usual.ask_tencent).value).toEqual({ kind: 'record_verified' })
    expect(second.next(usual.weigh).value).toEqual({ kind: 'apply_rule', cause: 'client_fallback', evidence: 'none' })
  })

  test('takes its duration from the last answer', () => {
    expect(play({}, { measure_time: 2001 }).verdict.durationMs).toBe(2001)
    expect(play({ ticket: missing }, { measure_time: 0 }).verdict.durationMs).toBe(0)
  })

  test('catches nothing that is thrown into it', () => {
    for (const answered of [0, 1, 2]) {
      const steps = admit({ ticket: fallback(), hasAddress: true, maxFallbackAgeMs })
      steps.next(undefined as never)
      if (answered > 0) steps.next(usual.look)
      if (answered > 1) steps.next(usual.weigh)
      expect(() => steps.throw(new RangeError('rule'))).toThrow(RangeError)
    }
  })
})

describe('whatever is answered', () => {
  const overrides = fc.constantFrom<OverrideMode>('none', 'pass', 'verify_only')
  const clientErrorCodes = fc.constantFrom(undefined, 1001, 1014)
  const someFacts = clientErrorCodes.map(
    (clientErrorCode): TencentFacts => (clientErrorCode === undefined ? {} : { clientErrorCode }),
  )
  const bug = new Error('a bug')
  const tickets: fc.Arbitrary<ClassifiedTicket> = fc.oneof(
    fc.constantFrom(missing, malformed, ordinary, ordinary, ordinary),
    fc
      .record({ ageMs: fc.integer({ min: -100, max: 400 }), code: fc.constantFrom(1001, 1014) })
      .map(({ ageMs, code }) => fallback({ ageMs: ageMs * 1000, code })),
  )
  const requests = fc.record({ ticket: tickets, hasAddress: fc.boolean() })
  const replies: fc.Arbitrary<Outcome> = fc.oneof(
    fc.constant<Outcome>({ kind: 'verified', facts: { captchaCode: 1 } }),
    fc
      .constantFrom(...inputRefusals, 'fallback_stale' as const, 'fallback_replayed' as const)
      .map((reason): Outcome => ({ kind: 'refused', reason, facts: {} })),
    fc
      .tuple(fc.constantFrom(...causes), someFacts, fc.boolean(), fc.boolean())
      .map(([cause, itsFacts, isEvidence, wasSent]) => degraded(cause, { facts: itsFacts, isEvidence, wasSent })),
    fc.constant<Outcome>({ kind: 'bug', error: bug }),
  )
  const uses = fc.record({ used: fc.nat(20), limit: fc.nat(20), remaining: fc.nat(100) })
  const claims: fc.Arbitrary<Claim> = fc.oneof(
    uses.map((use): Claim => ({ kind: 'granted', ...use })),
    fc
      .tuple(uses, fc.constantFrom('client' as const, 'total' as const))
      .map(([use, by]): Claim => ({ kind: 'exhausted', by, ...use })),
    fc.constant<Claim>({ kind: 'replayed' }),
  )
  const answers: fc.Arbitrary<Answers> = fc.record({
    look: fc.record({
      override: overrides,
      hasPassed: fc.boolean(),
      isRateLimited: fc.boolean(),
      epochMs: fc.constant(epochMs),
    }),
    ask_tencent: replies,
    record_verified: fc.record({ isFirst: fc.boolean() }),
    weigh: fc.record({
      override: overrides,
      evidence: fc.constantFrom<Evidence>('outage', 'none'),
      evidenceWhy: fc.string(),
    }),
    apply_rule: fc.record({
      action: fc.constantFrom<RuleAction>('pass', 'refuse'),
      from: fc.constantFrom<AppliedRule['from']>('default', 'option', 'function'),
    }),
    claim_pass: claims,
    measure_time: fc.nat(60_000),
  })

  /** Runs the property on every decision that ends; one that does not end in an exception of Tencent's call has to end. */
  function always(property: (played: ReturnType<typeof play>, given: Answers) => void): void {
    fc.assert(
      fc.property(requests, answers, (request, given) => {
        let played: ReturnType<typeof play>
        try {
          played = play(request, given)
        } catch (error) {
          expect(error).toBe(bug)
          expect(given.ask_tencent.kind).toBe('bug')
          return
        }
        property(played, given)
      }),
      { numRuns: 2000 },
    )
  }

  test('a decision ends, asks each question at most once, looks first and measures last', () => {
    always(({ questions, asked }) => {
      expect(questions.length).toBeLessThanOrEqual(6)
      expect(new Set(questions.map(({ kind }) => kind)).size).toBe(questions.length)
      expect(asked).toMatch(/^look .*\bmeasure_time$/)
    })
  })

  test('the questions are those of one of the ways through', () => {
    always(({ asked }) => expect(Object.values(asks)).toContain(asked))
  })

  test('a request passes only by a verified ticket recorded first, or by a granted claim', () => {
    always(({ verdict, asked }, given) => {
      if (!verdict.passed) return
      if (verdict.degraded) {
        expect(asked).toContain('claim_pass')
        expect(given.claim_pass.kind).toBe('granted')
      } else {
        expect(asked).toContain('record_verified')
        expect(given.ask_tencent.kind).toBe('verified')
        expect(given.record_verified.isFirst).toBe(true)
      }
    })
  })

  test('a refusal never follows a granted claim, nor the record of a ticket that was first', () => {
    always(({ verdict, asked }, given) => {
      if (asked.includes('claim_pass')) expect(verdict.passed).toBe(given.claim_pass.kind === 'granted')
      if (asked.includes('record_verified')) expect(verdict.passed).toBe(given.record_verified.isFirst)
    })
  })

  test('nothing is claimed after a refusing rule or under verify_only, and Tencent is not asked under the override', () => {
    always(({ asked }, given) => {
      if (asked.includes('claim_pass')) {
        expect(given.apply_rule.action).toBe('pass')
        expect(given.weigh.override).not.toBe('verify_only')
      }
      if (given.look.override === 'pass') expect(asked).not.toContain('ask_tencent')
    })
  })

  test('the verdict is frozen and has the shape of its reason', () => {
    const ofInput: readonly string[] = inputRefusals
    const ofDegradation: readonly string[] = degradedRefusals
    always(({ verdict }, given) => {
      const { passed, degraded: isDegraded, reason, cause } = verdict
      expect(Object.isFrozen(verdict)).toBe(true)
      expect(verdict.durationMs).toBe(given.measure_time)
      expect(Object.hasOwn(verdict, 'cause')).toBe(isDegraded)
      if (isDegraded) expect(causes).toContain(cause)
      if (passed) expect(reason).toBe(isDegraded ? cause : 'verified')
      else expect(isDegraded ? ofDegradation : ofInput).toContain(reason)
    })
  })

  test('the trace says no more than what was asked, and all of it', () => {
    always(({ trace, asked }, given) => {
      expect(['evidence' in trace, 'evidenceWhy' in trace]).toEqual(Array(2).fill(asked.includes('weigh')))
      expect(['rule' in trace, 'ruleFrom' in trace]).toEqual(Array(2).fill(asked.includes('apply_rule')))
      const isUseKnown = asked.includes('claim_pass') && given.claim_pass.kind !== 'replayed'
      const use = ['purse' in trace, 'purseUsed' in trace, 'purseLimit' in trace, 'purseRemaining' in trace]
      expect(use).toEqual(Array(4).fill(isUseKnown))
      expect('exhaustedBy' in trace).toBe(isUseKnown && given.claim_pass.kind === 'exhausted')
    })
  })
})
