import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Logger, pino } from 'pino'
import { type HttpLogger, pinoHttp } from 'pino-http'
import type { LiveFeed } from './switchboard/live-feed.js'

/** Returns a logger that writes JSON lines to the terminal, as in production, and to the switchboard's live view. */
export function createLog(level: string, feed: LiveFeed): Logger {
  const liveView = { write: (line: string) => feed.add('log', JSON.parse(line)) }
  return pino(
    {
      level,
      base: null,
      // A ticket passes the challenge for five minutes and a cookie opens a session: neither belongs in a log.
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

/** Logs one line per request of a visitor; the pages' files and the switchboard's own requests are left out. */
export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    quietReqLogger: true,
    // The headers of the response are the same every time; without them a line fits the screen.
    serializers: { res: ({ statusCode }) => ({ statusCode }) },
    autoLogging: { ignore: ({ url = '' }) => /^\/(public|switchboard|favicon)/.test(url) },
    customSuccessMessage: summary,
    customErrorMessage: summary,
    // A 503 of the guard is an answer, not an error of the app: the guard logs a line of its own for it.
    customLogLevel: (_req, res, error) => ((error ?? res.err) ? 'error' : 'info'),
    customErrorObject: (_req, res, _error, { err, ...line }) => (res.err ? { ...line, err } : line),
  })
}

function summary(req: IncomingMessage & { originalUrl?: string }, res: ServerResponse): string {
  // In a router `url` lacks the path that the router is mounted at.
  return `${req.method} ${req.originalUrl ?? req.url} ${res.statusCode}`
}
