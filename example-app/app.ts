import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Express, type RequestHandler, Router } from 'express'
import { Registry } from 'prom-client'
import { type CaptchaGuard, captchaGuard } from 'tencent-captcha-guard'
import { captchaMetrics } from 'tencent-captcha-guard/prometheus'
import { captchaStatus } from 'tencent-captcha-guard/status'
import { visitorChoices } from './choices.js'
import { createLog, requestLog } from './log.js'
import { type Operators, operators } from './operators.js'
import { checkoutRoutes } from './routes/checkout.js'
import { loginRoutes } from './routes/login.js'
import { ReviewBook, reviewRoutes } from './routes/reviews.js'
import { securityHeaders } from './security-headers.js'
import type { Settings } from './settings.js'
import { LiveFeed } from './switchboard/live-feed.js'
import { switchboard } from './switchboard/switchboard.js'
import type { Tencent } from './tencent.js'
import { errorPage, homePage, notFoundPage } from './views/home.js'
import type { VerdictEntry } from './wire.js'

// Beside the built server.js, where the build puts the pages' files.
const publicFiles = fileURLToPath(new URL('public', import.meta.url))

/** Returns the shop, ready to listen. The caller closes the guard. */
export function createApp(
  settings: Settings,
  { guardOptions, simulator }: Tencent,
): { app: Express; guard: CaptchaGuard } {
  const feed = new LiveFeed()
  const log = createLog(settings.logLevel, feed)
  const reviews = new ReviewBook()

  // One guard for all routes: they share the circuit, the purses and the memory of used tickets.
  const guard = captchaGuard({
    ...guardOptions,
    timeoutMs: 1000,
    logger: log,
    // Tencent's late answer settles a review that was held because its writer could not be verified.
    onLateVerdict: ({ verdict, lateVerdict }) => reviews.settle(verdict, lateVerdict.outcome === 'genuine'),
  })

  const app = express()
  app.disable('x-powered-by')
  // Limits belong to addresses: X-Forwarded-For counts only when a proxy on this machine sends it, or a client could choose its own.
  app.set('trust proxy', 'loopback')

  app.use(requestLog(log))
  app.use(watchVerdicts(feed))
  app.use(visitorChoices(guard.page, simulator))
  app.use(securityHeaders())
  app.use('/public', express.static(publicFiles))
  app.use(express.json({ limit: '16kb' }))
  const shop = { simulator, hasSwitchboard: !settings.isProduction }
  app.use((_req, res, next) => {
    res.locals.shop = shop
    next()
  })

  app.get('/', (_req, res) => res.send(homePage(res.locals)))
  app.use(loginRoutes(guard))
  app.use(reviewRoutes(guard, reviews))
  app.use(checkoutRoutes(guard))
  if (settings.operatorPassword) app.use(operatorRoutes(guard, operators(settings.operatorPassword)))
  if (!settings.isProduction) app.use('/switchboard', switchboard({ guard, feed, simulator }))

  app.use((_req, res) => res.status(404).send(notFoundPage(res.locals)))
  app.use(answerError)
  return { app, guard }
}

/** What the person on call looks at, and what the monitoring reads: behind a login. */
function operatorRoutes(guard: CaptchaGuard, { login, nameOf }: Operators): Router {
  const router = Router()
  const register = new Registry()
  captchaMetrics(guard, register)
  router.use('/ops/captcha', login, captchaStatus(guard, { authorize: nameOf }))
  router.get('/metrics', login, async (_req, res) => {
    res.type(register.contentType).send(await register.metrics())
  })
  return router
}

/**
 * Adds each verdict to the feed, with the status that the request got in the end. (The guard's `onVerdict` option gives the verdict
 * alone.)
 */
function watchVerdicts(feed: LiveFeed): RequestHandler {
  return function watchVerdictsMiddleware(req, res, next) {
    res.on('finish', () => {
      const { captcha, path } = req
      if (captcha)
        feed.add('verdict', { at: Date.now(), path, status: res.statusCode, ...captcha } satisfies VerdictEntry)
    })
    next()
  }
}

const answerError: ErrorRequestHandler = (error: Error & { status?: number }, req, res, next) => {
  if (res.headersSent) return next(error)
  const status = error.status && error.status >= 400 && error.status < 500 ? error.status : 500
  // pino-http adds the error to the line of the request.
  if (status === 500) res.err = error
  res.status(status)
  if (req.accepts(['html', 'json']) === 'json')
    res.json({ title: res.locals.say('That did not work', '操作失败'), status })
  else res.send(errorPage(res.locals, status))
}
