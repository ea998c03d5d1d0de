import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import express5, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import request from 'supertest'
import type { CaptchaVerdict } from '../lib/admission/verdict.js'
import { sharedRequest } from '../lib/guard/shared-request.js'
import { CaptchaConfigError } from '../lib/options/captcha-config-error.js'
import { type RequireCaptchaOptions, requireCaptcha } from '../lib/require-captcha.js'
import {
  degradedPass,
  degradedRefusal,
  degradedRefusals,
  inputRefusals,
  refused,
  verified,
} from './admission/verdicts.js'
import { expectRetryAfter } from './support/retry-after.js'

const errorHandler: ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(500).send(`error: ${error.message}`)
}

/** A refused request, and a hook on its answer that throws once, as sessions and compression install them. */
function refusedWithHookThatThrows(thrown: unknown): RequestHandler {
  return (req, res, next) => {
    req.captcha = refused('ticket_missing')
    const { setHeader } = res
    res.setHeader = () => {
      res.setHeader = setHeader
      throw thrown
    }
    next()
  }
}

/** Restated by hand. */
const statuses: Readonly<Record<string, readonly [number, string]>> = {
  ticket_missing: [400, 'captcha_required'],
  ticket_malformed: [400, 'captcha_invalid'],
  ticket_expired: [403, 'captcha_expired'],
  ticket_reused: [403, 'captcha_expired'],
  randstr_mismatch: [403, 'captcha_invalid'],
  ticket_invalid: [403, 'captcha_invalid'],
  app_mismatch: [403, 'captcha_invalid'],
  risk_rejected: [403, 'captcha_invalid'],
  rejected: [403, 'captcha_invalid'],
  rate_limited: [429, 'captcha_invalid'],
  fallback_stale: [403, 'captcha_invalid'],
  fallback_replayed: [403, 'captcha_invalid'],
  misconfigured: [503, 'captcha_unavailable'],
  degradation_refused: [503, 'captcha_unavailable'],
  budget_exhausted: [503, 'captcha_unavailable'],
}

describe.each<[string, typeof express5]>([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('requireCaptcha() on %s', (_, express) => {
  function appWith(captcha: CaptchaVerdict | undefined, options?: RequireCaptchaOptions): Express {
    const app: Express = express()
    const seen = { next: 0 }
    app.use((req, _res, next) => {
      if (captcha !== undefined) req.captcha = captcha
      next()
    })
    app.get('/', requireCaptcha(options), (_req, res) => {
      res.send(`handled ${++seen.next}`)
    })
    app.use(errorHandler)
    return app
  }

  test.each([undefined, 'route', new Error('of a hook')])(
    '%p thrown by a hook on its answer is an error',
    async (thrown) => {
      const app: Express = express()
      let handled = 0
      app.use(refusedWithHookThatThrows(thrown))
      app.use(requireCaptcha())
      app.use((_req, res) => {
        handled++
        res.send('handled')
      })
      app.use(errorHandler)
      await request(app).get('/').expect(500)
      expect(handled).toBe(0)
    },
  )

  test.each([undefined, {}, { allowDegraded: undefined }, { allowDegraded: true }, { allowDegraded: false }])(
    'with %j lets a verified request on, once',
    async (options) => {
      await request(appWith(verified(), options)).get('/').expect(200, 'handled 1')
    },
  )

  test.each([undefined, {}, { allowDegraded: undefined }, { allowDegraded: true }])(
    'with %j lets a degraded pass on, once',
    async (options) => {
      await request(appWith(degradedPass('timeout'), options))
        .get('/')
        .expect(200, 'handled 1')
    },
  )

  test('with allowDegraded: false answers a degraded pass with 503 captcha_unavailable', async () => {
    const response = await request(appWith(degradedPass('timeout'), { allowDegraded: false }))
      .get('/')
      .expect(503)
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
    })
    expectRetryAfter(response.headers['retry-after'])
    expect(JSON.parse(response.text)).toMatchObject({ status: 503, code: 'captcha_unavailable' })
  })

  test.each([
    ...inputRefusals.map((reason) => refused(reason)),
    ...degradedRefusals.map((reason) => degradedRefusal(reason, 'client_fallback')),
  ])('answers $reason as the guard would, whether degraded passes are allowed or not', async (captcha) => {
    const [status, code] = statuses[captcha.reason] ?? []
    for (const options of [undefined, { allowDegraded: false }]) {
      const response = await request(appWith(captcha, options)).get('/')
      expect(response.status).toBe(status)
      expect(JSON.parse(response.text).code).toBe(code)
    }
  })

  /** A request that guards drew a pass for. */
  function appThatDrew(captcha: CaptchaVerdict, options?: RequireCaptchaOptions) {
    const app: Express = express()
    const given: string[] = []
    app.use((req, _res, next) => {
      req.captcha = captcha
      for (const ticket of ['first', 'second']) {
        const shared = sharedRequest(req, { site: app, channel: 'web', ticket, randstr: '@abc' })
        const giveBack = () => given.push(ticket)
        const result = { kind: 'granted', used: 1, limit: 3, remaining: 9, giveBack } as const
        shared.note({ purse: 'doubt', setting: '3', limitKey: 'client', result })
      }
      next()
    })
    app.get('/', requireCaptcha(options), (_req, res) => {
      res.send('handled')
    })
    return { app, given }
  }

  test('gives back what every guard drew where a degraded pass is not good enough', async () => {
    const { app, given } = appThatDrew(degradedPass('timeout'), { allowDegraded: false })
    await request(app).get('/').expect(503)
    expect(given).toEqual(['first', 'second'])
  })

  test('gives nothing back for a request that goes on', async () => {
    const { app, given } = appThatDrew(degradedPass('timeout'))
    await request(app).get('/').expect(200)
    expect(given).toEqual([])
  })

  test('without req.captcha is an error, never a pass', async () => {
    for (const options of [undefined, { allowDegraded: false }]) {
      const response = await request(appWith(undefined, options)).get('/').expect(500)
      expect(response.text).toMatch(/^error: requireCaptcha: no req\.captcha; put captchaGuard\(\) before it/)
    }
  })

  test.each([undefined, null, 'route', new Error('the session could not be saved')])(
    'lets no request on whose refusal makes a hook throw %p',
    async (thrown) => {
      const app: Express = express()
      app.get('/', refusedWithHookThatThrows(thrown), requireCaptcha(), (_req, res) => {
        res.send('handled')
      })
      app.use(errorHandler)
      await request(app)
        .get('/')
        .expect(500, /^error: /)
    },
  )

  test('that was not called is recognised', async () => {
    const app: Express = express()
    app.get('/', requireCaptcha as never)
    const onError: ErrorRequestHandler = (error, _req, res, _next) => {
      res.status(500).send(error.message)
    }
    app.use(onError)
    await request(app)
      .get('/')
      .expect(500, /requireCaptcha: call it: app\.post\(path, requireCaptcha\(\), handler\)/)
  })
})

describe('wrong options of requireCaptcha()', () => {
  test.each<[unknown, string]>([
    [{ allowDegraded: 'no' }, 'allowDegraded'],
    [{ allowDegraded: 0 }, 'allowDegraded'],
    [{ allowDegraded: null }, 'allowDegraded'],
    [{ allowDegrade: false }, 'allowDegrade'],
    [{ allowDegraded: false, mode: 'observe' }, 'mode'],
    [null, 'options'],
    ['text', 'options'],
    [5, 'options'],
    [[], 'options'],
    [() => {}, 'options'],
    [new IncomingMessage(new Socket()), 'options'],
  ])('%# throw a CaptchaConfigError that names the option', (options, option) => {
    const make = () => requireCaptcha(options as RequireCaptchaOptions)
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(expect.objectContaining({ option, message: expect.stringContaining('requireCaptcha: ') }))
  })
})
