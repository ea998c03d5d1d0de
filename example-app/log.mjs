// @ts-check
import { pino } from 'pino'
import { pinoHttp } from 'pino-http'

/**
 * One pino, two readers: the terminal (JSON lines, as in production) and the switchboard's live view.
 *
 * @param {string} level
 * @param {import('./live-feed.mjs').LiveFeed} feed
 */
export function createLog(level, feed) {
  const liveView = { write: (/** @type {string} */ line) => feed.add('log', JSON.parse(line)) }
  return pino(
    {
      level,
      base: null,
      // Tickets pass the challenge for five minutes, cookies open sessions: neither belongs in a log.
      redact: [
        'req.headers["x-captcha-ticket"]',
        'req.headers["x-captcha-randstr"]',
        'req.headers.cookie',
        'req.headers.authorization',
      ],
    },
    pino.multistream([
      { level: 'trace', stream: process.stdout },
      { level: 'trace', stream: liveView },
    ]),
  )
}

/**
 * One line for each request of a visitor; the pages' files and the switchboard's own polling are left out.
 *
 * @param {import('pino').Logger} log
 */
export function requestLog(log) {
  return pinoHttp({
    logger: log,
    quietReqLogger: true,
    // The answer's headers are the same every time; without them a line fits the screen.
    serializers: { res: ({ statusCode }) => ({ statusCode }) },
    autoLogging: { ignore: ({ url = '' }) => /^\/(public|captcha|switchboard|favicon)/.test(url) },
    customSuccessMessage: summary,
    customErrorMessage: summary,
    // A 503 of the guard is an answer, not an error of the app: the guard has its own line for it.
    customLogLevel: (_req, res, error) => ((error ?? res.err) ? 'error' : 'info'),
    customErrorObject: (_req, res, _error, { err, ...line }) => (res.err ? { ...line, err } : line),
  })
}

/**
 * @param {import('node:http').IncomingMessage} req
 * @param {import('node:http').ServerResponse} res
 */
function summary(req, res) {
  return `${req.method} ${req.url} ${res.statusCode}`
}
