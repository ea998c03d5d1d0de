import { describe, expect, test } from '@jest/globals'
import type { CaptchaReason } from '../../lib/index.js'
import { expectRetryAfter } from '../support/retry-after.js'
import { breakApi, clientIp, expressVersions, type Flow, quickCircuit, type Reply, startFlow } from './support.js'

interface Refusal {
  readonly reason: CaptchaReason
  readonly status: number
  readonly code: string
  readonly retryAfter?: true
  readonly provoke: (flow: Flow) => Promise<Reply>
}

const closed = { perClient: { limit: 0 } }

const refusals: readonly Refusal[] = [
  { reason: 'ticket_missing', status: 400, code: 'captcha_required', provoke: (flow) => flow.send({}) },
  {
    reason: 'ticket_malformed',
    status: 400,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send({ ticket: 1, randstr: 1 }),
  },
  {
    reason: 'ticket_expired',
    status: 403,
    code: 'captcha_expired',
    provoke: (flow) => flow.send(flow.mint({ code: 8 })),
  },
  {
    reason: 'ticket_reused',
    status: 403,
    code: 'captcha_expired',
    provoke: (flow) => flow.send(flow.mint({ code: 9 })),
  },
  {
    reason: 'randstr_mismatch',
    status: 403,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send(flow.mint({ code: 7 })),
  },
  {
    reason: 'ticket_invalid',
    status: 403,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send(flow.mint({ code: 15 })),
  },
  {
    reason: 'app_mismatch',
    status: 403,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send(flow.mint({ code: 16 })),
  },
  {
    reason: 'risk_rejected',
    status: 403,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send(flow.mint({ code: 21 })),
  },
  { reason: 'rejected', status: 403, code: 'captcha_invalid', provoke: (flow) => flow.send(flow.mint({ code: 99 })) },
  {
    reason: 'rate_limited',
    status: 429,
    code: 'captcha_invalid',
    retryAfter: true,
    async provoke(flow) {
      for (let n = 0; n < 10; n++) await flow.send(flow.mint({ code: 15 }))
      return flow.send(flow.mint())
    },
  },
  {
    reason: 'fallback_stale',
    status: 403,
    code: 'captcha_invalid',
    provoke: (flow) => flow.send(flow.fallback({ ageMs: 400_000 })),
  },
  {
    reason: 'fallback_replayed',
    status: 403,
    code: 'captcha_invalid',
    async provoke(flow) {
      flow.guard.override('pass', { forMs: 10_000 })
      const token = flow.fallback()
      await flow.send(token)
      return flow.send(token)
    },
  },
  {
    reason: 'misconfigured',
    status: 503,
    code: 'captcha_unavailable',
    provoke: (flow) => flow.send(flow.mint({ fault: 'auth_failure' })),
  },
  {
    reason: 'degradation_refused',
    status: 503,
    code: 'captcha_unavailable',
    retryAfter: true,
    provoke(flow) {
      flow.guard.override('verify_only')
      return flow.turnFor(flow.send(flow.mint({ fault: 'internal_error' })))
    },
  },
  {
    reason: 'budget_exhausted',
    status: 503,
    code: 'captcha_unavailable',
    retryAfter: true,
    provoke: (flow) => flow.turnFor(flow.send(flow.mint({ fault: 'internal_error' }))),
  },
]

describe.each(expressVersions)('on %s', (_name, express) => {
  test.each(refusals)(
    '$reason is answered with problem+json',
    async ({ reason, status, code, retryAfter, provoke }) => {
      const flow = await startFlow({ express, options: { degradation: { doubt: closed } } })
      const { headers, text, ...reply } = await provoke(flow)
      expect(reply).toMatchObject({ status, captcha: { passed: false, reason } })
      expect(headers['content-type']).toBe('application/problem+json')
      expect(headers['cache-control']).toBe('no-store')
      expectRetryAfter(headers['retry-after'], retryAfter ?? false)
      expect(JSON.parse(text)).toEqual({
        type: expect.stringMatching(/^[a-z][a-z0-9+.-]*:\S+$/),
        title: expect.any(String),
        status,
        code,
      })
      expect(text).not.toMatch(/degrad|fallback|purse|budget|circuit|override|rule|outage|misconfig|stale|replay/i)
      expect(Object.keys(headers).join()).not.toMatch(/degrad|captcha/i)
      expect(flow.errors).toEqual([])
    },
  )

  test('answers with one status and code tell nothing apart', async () => {
    const answers = new Map<string, Set<string>>()
    for (const { status, code, retryAfter, provoke } of refusals) {
      const flow = await startFlow({ express, options: { degradation: { doubt: closed } } })
      const { headers, text } = await provoke(flow)
      const { date: _date, 'retry-after': _retryAfter, ...others } = headers
      const kind = `${status} ${code} ${retryAfter}`
      answers.set(kind, (answers.get(kind) ?? new Set()).add(text + JSON.stringify(others)))
    }
    for (const seen of answers.values()) expect(seen.size).toBe(1)
  })

  test('a degraded pass is answered as a verified one', async () => {
    const flow = await startFlow({ express, options: { degradation: { circuit: quickCircuit } } })
    const verified = await flow.send(flow.mint(), { ip: clientIp(1) })
    const fallback = await flow.send(flow.fallback(), { ip: clientIp(2) })
    await breakApi(flow)
    const open = await flow.send(flow.mint(), { ip: clientIp(3) })
    expect([verified, fallback, open].map(({ captcha }) => captcha?.reason)).toEqual([
      'verified',
      'client_fallback',
      'circuit_open',
    ])
    for (const degraded of [fallback, open]) {
      expect(degraded.status).toBe(verified.status)
      expect(degraded.text).toBe(verified.text)
      expect(withoutDate(degraded)).toEqual(withoutDate(verified))
    }
  })
})

function withoutDate({ headers }: Reply): object {
  const { date: _date, 'retry-after': _retryAfter, ...others } = headers
  return others
}
