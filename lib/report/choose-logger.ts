import type { IncomingMessage } from 'node:http'
import { pino } from 'pino'
import type { CaptchaLogger } from '../types.js'
import { callHook } from './call-hook.js'

const silent: GuardedLogger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {}, writes: () => false })

/** A logger that never throws, and says which levels it writes. */
export interface GuardedLogger extends CaptchaLogger {
  writes(level: keyof CaptchaLogger): boolean
}

/** The loggers of one guard. */
export interface LoggerChoice {
  /** For lines that belong to no request. */
  readonly base: GuardedLogger
  /** For a request's lines: `req.log`, so that its request id is bound, unless the option names a logger. */
  readonly of: (req: IncomingMessage | undefined) => GuardedLogger
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
      let own: CaptchaLogger | undefined
      callHook(() => {
        const log: unknown = req && Reflect.get(req, 'log')
        if (isLogger(log)) own = log
      })
      return own ? guarded(own) : base
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

function guarded(logger: CaptchaLogger): GuardedLogger {
  const write = (level: keyof CaptchaLogger) => (fields: object, message: string) =>
    callHook(() => logger[level](fields, message))
  const writes = (level: keyof CaptchaLogger) => {
    let isEnabled: unknown
    callHook(() => {
      // pino has it; it saves the fields of a line that would not be written.
      isEnabled = (logger as { isLevelEnabled?: (level: string) => unknown }).isLevelEnabled?.(level)
      return isEnabled
    })
    return isEnabled !== false
  }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), writes }
}
