// A strict TypeScript application: what must compile, and with @ts-expect-error what must not.
import { subscribe, tracingChannel } from 'node:diagnostics_channel'
import express, { type Request, type Response } from 'express'
import { type OpenMetricsContentType, Registry, register } from 'prom-client'
import {
  type CaptchaGuard,
  type CaptchaReason,
  type CaptchaVerdict,
  captchaChannels,
  captchaGuard,
  cvmRoleCredential,
  type DegradationCause,
  fromHeaders,
  requireCaptcha,
  tkeOidcCredential,
  type VerdictMessage,
  type VerifyMessage,
} from 'tencent-captcha-guard'
import { type CaptchaMetrics, captchaMetrics } from 'tencent-captcha-guard/prometheus'
import { startSimulator } from 'tencent-captcha-guard/simulator'
import { captchaStatus, type StatusReport } from 'tencent-captcha-guard/status'

const keys = {
  captchaAppId: '190000001',
  appSecretKey: process.env.CAPTCHA_APP_SECRET_KEY,
  credential: { secretId: process.env.SECRET_ID, secretKey: process.env.SECRET_KEY },
}

const guard: CaptchaGuard = captchaGuard(keys)
const app = express()

app.use(captchaGuard({ ...keys, mode: 'observe', timeoutMs: undefined, degradation: undefined }))
app.use('/api', guard)
app.all('/all', guard)
express.Router().use(guard)

// The guard must not widen what a later handler knows of its parameters.
app.post('/a/:id', guard, (req, res) => {
  req.params.id satisfies string
  // @ts-expect-error there is no such parameter
  req.params.other
  res.json(req.captcha)
})
app.post('/b/:id/:part', express.json(), guard, requireCaptcha({ allowDegraded: false }), (req) => {
  req.params.part satisfies string
})
app.post('/c', [express.json(), guard], (req: Request, res: Response) => {
  res.json(req.captcha?.passed)
})

app.post('/narrowing', guard, (req, _res, next) => {
  const { captcha } = req
  // @ts-expect-error a skipped request has none
  captcha.passed
  if (captcha === undefined) return next()
  captcha satisfies CaptchaVerdict
  captcha.durationMs satisfies number
  captcha.captchaCode satisfies number | undefined
  if (captcha.passed && !captcha.degraded) {
    captcha.reason satisfies 'verified'
  } else if (captcha.passed) {
    captcha.reason satisfies DegradationCause
    captcha.cause satisfies DegradationCause
  } else if (captcha.degraded) {
    captcha.cause satisfies DegradationCause
    captcha.reason satisfies
      | 'fallback_stale'
      | 'fallback_replayed'
      | 'misconfigured'
      | 'degradation_refused'
      | 'budget_exhausted'
  } else {
    captcha.cause satisfies undefined
    // @ts-expect-error a refusal is never verified
    captcha.reason satisfies 'verified'
  }
  // @ts-expect-error frozen
  captcha.passed = true
  nameOf(captcha.reason) satisfies string
})

/** Every reason has its name, or this does not compile. */
function nameOf(reason: CaptchaReason): string {
  return ({ verified: 'fine', ticket_missing: 'none' } as Partial<Record<CaptchaReason, string>>)[reason] ?? reason
}

// The application's own callbacks may be annotated with Express's types.
captchaGuard({
  ...keys,
  skip: (req: Request) => req.path === '/health',
  readToken: (req: Request) => ({ ticket: req.body.t, randstr: req.get('x-r') }),
  userIp: (req: Request) => req.ip,
  clientKey: (req: Request) => req.get('x-device'),
  channel: (req: Request) => (req.path.startsWith('/mini') ? 'mini_program' : 'web'),
  onRefused: (req: Request, res: Response, next, verdict) => {
    verdict.passed satisfies false
    if (req.accepts('html')) res.status(403).render('refused', { reason: verdict.reason })
    else next()
  },
  onVerdict: (verdict: CaptchaVerdict, req: Request) => console.log(req.originalUrl, verdict.reason),
  onLateVerdict: ({ lateVerdict, clientKey, at }) => console.log(lateVerdict.outcome, clientKey, new Date(at)),
  degradation: {
    rules: {
      timeout: ({ evidence, request }) => (evidence === 'outage' && request.path !== '/pay' ? 'pass' : 'refuse'),
    },
  },
})

// Unannotated, they know the request as well.
captchaGuard({
  ...keys,
  skip: async (req) => req.path === '/health',
  readToken: fromHeaders(),
  userIp: (req) => req.ip,
  onRefused: (_req, res, _next, verdict) => res.status(403).json({ reason: verdict.reason }),
})

captchaGuard({
  ...keys,
  credential: { getCredential: async () => ({ secretId: 'a', secretKey: 'b' }) },
  logger: console,
})

captchaGuard({ ...keys, credential: cvmRoleCredential({ role: 'captcha' }) })
captchaGuard({ ...keys, credential: tkeOidcCredential({ durationSeconds: 3600 }) })
captchaGuard({
  ...keys,
  credential: { getCredential: async () => ({ secretId: 'a', secretKey: 'b', expiresAtMs: Date.now() + 60_000 }) },
})

// @ts-expect-error unknown option
captchaGuard({ ...keys, timeoutMS: 1 })
// @ts-expect-error not a mode
captchaGuard({ ...keys, mode: 'watch' })
// @ts-expect-error not a number
captchaGuard({ ...keys, timeoutMs: '2000' })
// @ts-expect-error not a cause
captchaGuard({ ...keys, degradation: { rules: { rejected: 'pass' } } })
// @ts-expect-error not an action
captchaGuard({ ...keys, degradation: { rules: { timeout: 'allow' } } })
// @ts-expect-error no secret key at all
captchaGuard({ captchaAppId: 1 })
// @ts-expect-error a circuit has no such option
captchaGuard({ ...keys, degradation: { circuit: { failures: 5 } } })
// @ts-expect-error not a boolean
requireCaptcha({ allowDegraded: 'no' })
// @ts-expect-error not a mode
guard.override('open', { forMs: 1 })

guard.override('pass', { forMs: 60_000, by: 'ops' })
const snapshot = guard.snapshot()
snapshot.api.state satisfies 'healthy' | 'suspect' | 'outage'
snapshot.credential.source satisfies 'fixed' | 'provider' | 'client'
snapshot.counters.verified satisfies number
snapshot.purses.outage.remaining satisfies number

export async function health(): Promise<'reachable' | 'misconfigured' | 'unreachable'> {
  const simulator = await startSimulator({ seed: 7 })
  simulator.setFault('hang', { next: 1 })
  // @ts-expect-error not a fault
  simulator.setFault('melt')
  await simulator.close()
  const { status } = await guard.checkHealth()
  await guard.close()
  return status
}

captchaMetrics(guard, register) satisfies CaptchaMetrics
captchaMetrics({ login: guard }, new Registry<OpenMetricsContentType>()).close()
// @ts-expect-error a registry is needed
captchaMetrics(guard)

subscribe(captchaChannels.verdict, (message) => {
  const { known, fields } = message as VerdictMessage
  known satisfies boolean
  fields().reason satisfies unknown
})
tracingChannel<unknown, VerifyMessage>(captchaChannels.verify).asyncEnd.subscribe((message) => {
  const { result } = message as VerifyMessage
  result?.reason satisfies CaptchaReason | undefined
})

const status = captchaStatus(guard, { authorize: (req) => req.get('x-operator') })
app.use('/ops/captcha', status)
app.use('/ops/named', captchaStatus({ login: guard }, { authorize: async (req: Request) => ({ name: req.baseUrl }) }))
express.Router().use(status)
status.close()
// @ts-expect-error the page is open to everybody without it
captchaStatus(guard, {})
// @ts-expect-error no such option
captchaStatus(guard, { authorize: () => true, hosts: ['a'] })

/** Reads the page's JSON. */
export async function worstOf(page: string): Promise<string | undefined> {
  const report = (await (await fetch(page)).json()) as StatusReport
  report.sites[0]?.fleet.api.state satisfies 'healthy' | 'suspect' | 'outage' | undefined
  report.sites[0]?.fleet.degraded satisfies readonly { readonly passed: boolean }[] | undefined
  return report.sites[0]?.findings[0].kind
}
