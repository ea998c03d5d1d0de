import express5, { type Express, type Request, type RequestHandler } from 'express'
import express4 from 'express4'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
import { Pool } from 'undici'
import { captchaGuard } from '../../lib/captcha-guard.js'
import { requestSigner } from '../../lib/tencent/signed-headers.js'
import { apiRequest, type VerifyCall } from '../../lib/tencent/verify-call.js'
import { portOf } from './tencent.js'

export const captchaAppId = 190000001
export const appSecretKey = 'bench-app-secret-key'
export const credential = { secretId: 'AKIDbench', secretKey: 'bench-secret-key' }

/** What stands between the body parser and the route. All of them log nothing. */
const variants = {
  /** The route alone. */
  'pass-through': () => (_req, _res, next) => next(),
  /** By hand: undici, the signing key cached, no deadline, no degradation. */
  'raw undici': (endpoint) => {
    const pool = new Pool(endpoint)
    const sign = requestSigner(new URL(endpoint))
    return async (req, res, next) => {
      const { action, params } = apiRequest(callOf(req), captchaAppId, appSecretKey)
      const body = Buffer.from(JSON.stringify(params))
      const headers = [...sign(action, body, credential, Date.now())]
      const answer = await pool.request({ method: 'POST', path: '/', headers, body })
      const { Response } = (await answer.body.json()) as { Response: { CaptchaCode: number } }
      if (Response.CaptchaCode === 1) next()
      else res.status(403).end()
    }
  },
  /** The vendor's generated client, as its documentation uses it. */
  'SDK client': (endpoint) => {
    const { host } = new URL(endpoint)
    const profile = { httpProfile: { endpoint: host, protocol: 'http://' } }
    const client = new sdk.captcha.v20190722.Client({ credential, profile })
    return async (req, res, next) => {
      const { ticket, randstr, userIp } = callOf(req)
      const reply = await client.DescribeCaptchaResult({
        CaptchaType: 9,
        Ticket: ticket,
        Randstr: randstr,
        UserIp: userIp,
        CaptchaAppId: captchaAppId,
        AppSecretKey: appSecretKey,
      })
      if (reply.CaptchaCode === 1) next()
      else res.status(403).end()
    }
  },
  guard: (endpoint) => guard(endpoint, 1_000_000),
  'guard, circuit open': (endpoint) => guard(endpoint, 1_000_000),
  'guard, circuit open, refused': (endpoint) => guard(endpoint, 0),
} satisfies Record<string, (endpoint: string) => RequestHandler>

export type Variant = keyof typeof variants

/** The degraded passes are bounded by the purses, which a benchmark would have emptied at once. */
function guard(endpoint: string, limit: number): RequestHandler {
  const purse = { perClient: { limit, windowMs: 60_000 }, total: { floorPerMinute: 1e9, startPerMinute: 1e9 } }
  return captchaGuard({
    captchaAppId,
    appSecretKey,
    credential,
    endpoint,
    logger: false,
    degradation: { outage: purse, doubt: purse },
  })
}

function callOf({ body, ip = '' }: Request): VerifyCall {
  return { channel: 'web', ticket: body.ticket, randstr: body.randstr, userIp: ip }
}

/** Serves one variant, tells its parent the port, and its CPU time in µs whenever it is asked. */
export async function serveApplication([variant, version, endpoint]: string[]): Promise<void> {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.send?.(await serveLogin(variants[variant as Variant](`${endpoint}`), version))
}

/** Serves one route behind `guard`; resolves to the port. */
export async function serveLogin(guard: RequestHandler, version = '5'): Promise<number> {
  const express = (version === '4' ? express4 : express5) as typeof express5
  const app: Express = express()
  app.set('trust proxy', 'loopback')
  app.post('/login', express.json(), guard, (req, res) => {
    res.json({ reason: req.captcha?.reason ?? 'none' })
  })
  const { createServer } = await import('node:http')
  return portOf(createServer({ keepAliveTimeout: 60_000 }, app))
}
