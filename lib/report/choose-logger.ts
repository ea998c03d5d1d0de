import type { IncomingMessage } from 'node:http'
import { pino } from 'pino'
import type { CaptchaLogger } from '../types.js'
import { callHook } from './call-hook.js'

const silent: CaptchaLogger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} })

export interface LoggerChoice {
  /** For lines that belong to no request. */
  readonly base: CaptchaLogger
  /** For a request's lines: `req.log`, so that its request id is bound, unless the option names a logger. */
  readonly of: (req: IncomingMessage | undefined) => CaptchaLogger
}

/** Picks the logger once. A logger that throws changes nothing. */
export function chooseLogger(option: CaptchaLogger | false | undefined): LoggerChoice {
  if (option === false) return { base: silent, of: () => silent }
  if (option !== undefined) {
    const base = guarded(option)
    return { base, of: () => base }
  }
  const base = guarded(pino({ name: 'captcha-guard' }))
  return {
    base,
    of: (req) => {
      const log: unknown = req && Reflect.get(req, 'log')
      return isLogger(log) ? guarded(log) : base
    },
  }
}

function isLogger(value: unknown): value is CaptchaLogger {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['debug', 'info', 'warn', 'error'].every((level) => typeof Reflect.get(value, level) === 'function')
  )
}

function guarded(logger: CaptchaLogger): CaptchaLogger {
  const write = (level: keyof CaptchaLogger) => (fields: object, message: string) =>
    callHook(() => logger[level](fields, message))
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
