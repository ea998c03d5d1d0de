import { describe, expect, test } from '@jest/globals'
import { refusalProblem } from '../../lib/guard/problem.js'
import { degradedRefusals, inputRefusals } from '../admission/verdicts.js'
import { expectRetryAfter } from '../support/retry-after.js'

const problems = [...inputRefusals, ...degradedRefusals].map((reason) => [reason, refusalProblem(reason)] as const)

describe('the public answer to a refusal', () => {
  test.each(problems)('for %s is problem+json that no cache stores', (_, { status, headers, body }) => {
    expect(headers).toMatchObject({
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
    })
    const parsed = JSON.parse(body)
    expect(Object.keys(parsed)).toEqual(['type', 'title', 'status', 'code'])
    expect(parsed).toMatchObject({ type: `urn:tencent-captcha-guard:${parsed.code}`, status })
  })

  test.each(problems)(
    'for %s says nothing of degradation, rules, purses or Tencent’s reasons',
    (_, { headers, body }) => {
      const readable = JSON.stringify([headers, body.replaceAll('tencent-captcha-guard', '')])
      expect(readable).not.toMatch(
        /degrad|purse|budget|rule|override|circuit|fallback|misconfig|outage|risk|replay|tencent/i,
      )
    },
  )

  test('is the same for every reason of the same public code and status', () => {
    const bodies = new Map<string, Set<string>>()
    for (const [, { status, body }] of problems) {
      const key = `${status} ${JSON.parse(body).code}`
      bodies.set(key, (bodies.get(key) ?? new Set()).add(body))
    }
    for (const [, sameKey] of bodies) expect(sameKey.size).toBe(1)
  })

  test('is frozen', () => {
    for (const [, problem] of problems) expect(Object.isFrozen(problem)).toBe(true)
  })

  test('has headers that a framework may add to, without effect on the next answer', () => {
    const first = refusalProblem('ticket_missing')
    first.headers['X-Framework'] = 'added'
    expect(refusalProblem('ticket_missing').headers).not.toHaveProperty('X-Framework')
  })
})

test('Retry-After is any of 20 to 40 seconds, so that pages refused together come back apart', () => {
  const seconds = Array.from({ length: 2000 }, () => refusalProblem('budget_exhausted').headers['Retry-After'])
  for (const each of seconds) expectRetryAfter(each)
  expect(new Set(seconds).size).toBe(21)
})
