// @ts-check
import { fileURLToPath } from 'node:url'
import express from 'express'
import { captchaAssets, captchaGuard } from 'tencent-captcha-guard'
import { LiveFeed } from './live-feed.mjs'
import { createLog, requestLog } from './log.mjs'
import { checkoutRoutes } from './routes/checkout.mjs'
import { loginRoutes } from './routes/login.mjs'
import { ReviewBook, reviewRoutes } from './routes/reviews.mjs'
import { securityHeaders } from './security-headers.mjs'
import { switchboard } from './switchboard/switchboard.mjs'
import { errorPage, homePage, notFoundPage } from './views/home.mjs'

/**
 * The shop, ready to listen.
 *
 * @param {object} options
 * @param {import('./settings.mjs').Settings} options.settings
 * @param {Awaited<ReturnType<typeof import('./tencent.mjs').connectTencent>>} options.tencent
 */
export function createApp({ settings, tencent }) {
  const feed = new LiveFeed()
  const log = createLog(settings.logLevel, feed)
  const reviews = new ReviewBook()

  // One guard for all routes: they share the circuit, the purses and the memory of used tickets.
  const guard = captchaGuard({
    ...tencent.guardOptions,
    timeoutMs: 1000,
    logger: log,
    // A review that was held because nobody could check its writer is decided when Tencent is back.
    onLateVerdict: ({ verdict, lateVerdict }) => reviews.settle(verdict, lateVerdict.outcome === 'genuine'),
  })

  const app = express()
  app.disable('x-powered-by')
  // Believe X-Forwarded-For from a proxy on this machine and from nobody else: limits belong to addresses.
  app.set('trust proxy', 'loopback')
  const assets = captchaAssets(guard)
  app.locals.page = { ...guard.page, assets, simulator: tencent.simulator, hasSwitchboard: !settings.isProduction }

  app.use(requestLog(log))
  app.use(watchVerdicts(feed))
  app.use(securityHeaders(tencent.simulator && new URL(tencent.simulator.scriptUrl).origin))
  app.use('/public', express.static(fileURLToPath(new URL('public', import.meta.url))))
  // The browser kit, under a name that changes with its content.
  app.use('/captcha', assets)
  app.use(express.json({ limit: '16kb' }))

  app.get('/', (_req, res) => res.send(homePage(res)))
  app.use(loginRoutes(guard))
  app.use(reviewRoutes(guard, reviews))
  app.use(checkoutRoutes(guard))
  if (!settings.isProduction) app.use('/switchboard', switchboard({ guard, feed, simulator: tencent.simulator }))

  app.use((_req, res) => res.status(404).send(notFoundPage(res)))
  app.use(answerError)
  return { app, guard, log }
}

/**
 * Tells the live view each verdict, together with what became of the request. (Who needs the verdict alone has the guard's
 * `onVerdict` option.)
 *
 * @param {LiveFeed} feed
 * @returns {express.RequestHandler}
 */
function watchVerdicts(feed) {
  return function watchVerdictsMiddleware(req, res, next) {
    res.on('finish', () => {
      const { captcha, path } = req
      if (captcha) feed.add('verdict', { at: Date.now(), path, status: res.statusCode, ...captcha })
    })
    next()
  }
}

/** @type {import('express').ErrorRequestHandler} */
function answerError(error, req, res, next) {
  if (res.headersSent) return next(error)
  const status = error.status >= 400 && error.status < 500 ? error.status : 500
  // pino-http adds it to the request's line.
  if (status === 500) res.err = error
  res.status(status)
  if (req.accepts(['html', 'json']) === 'json') res.json({ title: 'That did not work', status })
  else res.send(errorPage(res, status))
}
