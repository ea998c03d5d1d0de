import { describe, expect, test } from '@jest/globals'
import express, { type Request, type Response } from 'express'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import {
  type CaptchaGuardOptions,
  type CaptchaReason,
  type CaptchaVerdict,
  captchaGuard,
  type DegradationCause,
  type DegradedRefusal,
  fromQuery,
  type InputRefusal,
  requireCaptcha,
} from '../lib/index.js'

/** Compiles only where the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(yes: Same<A, B>): void => {
  expect(yes).toBe(true)
}

const required = {
  captchaAppId: 190000001,
  appSecretKey: 'secret',
  credential: { secretId: 'id', secretKey: 'key' },
} satisfies CaptchaGuardOptions

/** Never run: what is in it is checked by the compiler alone. */
const compiled = (_: () => unknown): void => {}

describe('the types of', () => {
  test('a verdict tell apart by passed and degraded', () => {
    compiled(() => (verdict: CaptchaVerdict) => {
      same<typeof verdict.passed, boolean>(true)
      if (verdict.passed && !verdict.degraded) same<typeof verdict.reason, 'verified'>(true)
      if (verdict.passed && verdict.degraded) same<typeof verdict.cause, DegradationCause>(true)
      if (!verdict.passed && !verdict.degraded) same<typeof verdict.reason, InputRefusal>(true)
      if (!verdict.passed && verdict.degraded) same<typeof verdict.reason, DegradedRefusal>(true)
      // @ts-expect-error a verdict is not written to
      verdict.passed = true
    })
    same<CaptchaVerdict['reason'], CaptchaReason>(true)
  })

  test('req.captcha are there without a cast, and optional', () => {
    compiled(() => (req: Request) => {
      same<typeof req.captcha, CaptchaVerdict | undefined>(true)
      // @ts-expect-error a skipped request has none
      req.captcha.passed
    })
  })

  test('the middleware leave the parameters of later handlers alone', () => {
    const guard = captchaGuard(required)
    const app = express()
    app.use(guard)
    app.post('/users/:id', guard, requireCaptcha({ allowDegraded: false }), (req, res) => {
      same<typeof req.params.id, string>(true)
      // @ts-expect-error the path has no such parameter
      req.params.other
      res.json(req.captcha)
    })
    express.Router().post('/:a/:b', guard, (req) => same<keyof typeof req.params, 'a' | 'b'>(true))
    void guard.close()
  })

  test('the options accept what a strict consumer has', () => {
    const environment: { [name: string]: string | undefined } = {}
    const client = new sdk.captcha.v20190722.Client({ credential: { secretId: 'i', secretKey: 'k' } })
    const accepted = [
      required,
      { ...required, captchaAppId: '190000001', timeoutMs: undefined, store: undefined },
      {
        captchaAppId: 1,
        appSecretKey: environment.A,
        credential: { secretId: environment.B, secretKey: environment.C, token: null },
      },
      { ...required, credential: { getCredential: async () => ({ secretId: 'i', secretKey: 'k' }) } },
      { captchaAppId: 1, appSecretKey: 's', client },
      { ...required, userIp: (req) => req.get('x-real-ip'), clientKey: (req) => req.cookies?.device },
      { ...required, readToken: fromQuery(), channel: (req) => (req.path === '/mini' ? 'mini_program' : 'web') },
      { ...required, onRefused: (_req, res: Response, _next, verdict) => res.status(403).send(verdict.reason) },
      {
        ...required,
        degradation: {
          rules: { throttled: 'refuse', timeout: ({ evidence }) => (evidence === 'outage' ? 'pass' : 'refuse') },
        },
      },
      { ...required, logger: false, logUserIp: false, skip: async () => true },
      { ...required, clientKey: () => 42 },
      // Callbacks may be annotated with Express's own request, and know the request where they are not.
      { ...required, onVerdict: (_verdict: CaptchaVerdict, req: Request) => void req.accepts('html') },
      { ...required, onVerdict: (verdict, req) => void [verdict.reason, req.path] },
      {
        ...required,
        degradation: {
          rules: {
            throttled: ({ request }) => (request.path === '/pay' ? 'refuse' : 'pass'),
          },
        },
      },
    ] satisfies CaptchaGuardOptions[]
    expect(accepted).not.toHaveLength(0)
  })

  test('the options refuse what cannot work', () => {
    compiled(() => [
      // @ts-expect-error no app id
      captchaGuard({ appSecretKey: 's' }),
      // @ts-expect-error no secret key
      captchaGuard({ captchaAppId: 1 }),
      // @ts-expect-error a misspelt option
      captchaGuard({ ...required, timeout: 5 }),
      // @ts-expect-error a number as text
      captchaGuard({ ...required, timeoutMs: '2000' }),
      // @ts-expect-error an unknown mode
      captchaGuard({ ...required, mode: 'monitor' }),
      // @ts-expect-error an unknown cause
      captchaGuard({ ...required, degradation: { rules: { timout: 'pass' } } }),
      // @ts-expect-error an unknown action
      captchaGuard({ ...required, degradation: { rules: { timeout: 'allow' } } }),
      // @ts-expect-error true is no way to log an address
      captchaGuard({ ...required, logUserIp: true }),
      // @ts-expect-error only skip may return a promise
      captchaGuard({ ...required, userIp: async () => '203.0.113.7' }),
      // @ts-expect-error only skip may return a promise
      captchaGuard({ ...required, clientKey: async () => 42 }),
      // @ts-expect-error only skip may return a promise
      captchaGuard({ ...required, degradation: { rules: { timeout: async () => 'pass' } } }),
      // @ts-expect-error an unknown option
      requireCaptcha({ allowDegrade: false }),
      // @ts-expect-error an unknown override
      captchaGuard(required).override('off'),
    ])
    expect(() => captchaGuard({ ...required, timeoutMs: '2000' } as never)).toThrow()
  })
})
