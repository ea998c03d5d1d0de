import type { RequestHandler } from 'express'
import type { CaptchaGuardOptions, CaptchaLogger } from '../../lib/index.js'

/** Something of the application's that misbehaves. */
export interface Scenario {
  readonly name: string
  readonly options?: Partial<CaptchaGuardOptions>
  /** Runs before the guard. */
  readonly before?: RequestHandler
  /** Whether it changes nothing, or each request, or each refusal, ends in `next(error)` once. */
  readonly ends: 'nothing' | 'every request' | 'every refusal' | 'every degraded request' | 'every answer'
}

const throwing = (): never => {
  throw new Error('thrown by the application')
}
const rejecting = async (): Promise<never> => throwing()
const hanging = (): Promise<never> => new Promise(() => {})
const ways = { throws: throwing, rejects: rejecting, hangs: hanging } as const
type Way = keyof typeof ways

const anyWay = Object.keys(ways) as Way[]
const levels = ['debug', 'info', 'warn', 'error'] as const

const quiet: CaptchaLogger = { debug() {}, info() {}, warn() {}, error() {} }

/** As sessions and compression install one; `times` how often it throws for a response. */
function throwingWriteHead(times: number): RequestHandler {
  return (_req, res, next) => {
    const { writeHead } = res
    let left = times
    res.writeHead = ((...args: Parameters<typeof writeHead>) => {
      if (left-- > 0) throwing()
      return writeHead.apply(res, args)
    }) as typeof writeHead
    next()
  }
}

/** Every function and logger that an application gives to the guard, misbehaving in every way. */
export const scenarios: readonly Scenario[] = [
  { name: 'nothing misbehaves', ends: 'nothing' },
  { name: 'clientKey is a number', ends: 'nothing', options: { clientKey: () => 42 as never } },
  ...(['channel', 'readToken', 'userIp', 'clientKey', 'knownAs'] as const).flatMap((option) =>
    anyWay.map(
      (way): Scenario => ({ name: `${option} ${way}`, ends: 'every request', options: { [option]: ways[way] } }),
    ),
  ),
  ...anyWay.map(
    (way): Scenario => ({
      name: `a rule ${way}`,
      ends: 'every degraded request',
      options: { degradation: { rules: { client_fallback: ways[way] as never, internal_error: ways[way] as never } } },
    }),
  ),
  ...(['throws', 'rejects'] as const).flatMap((way): Scenario[] => [
    { name: `skip ${way}`, ends: 'every request', options: { skip: ways[way] } },
    { name: `onRefused ${way}`, ends: 'every refusal', options: { onRefused: ways[way] } },
  ]),
  ...(['onVerdict', 'onLateVerdict'] as const).flatMap((hook) =>
    anyWay.map((way): Scenario => ({ name: `${hook} ${way}`, ends: 'nothing', options: { [hook]: ways[way] } })),
  ),
  ...levels.flatMap((level) =>
    anyWay.map(
      (way): Scenario => ({
        name: `logger.${level} ${way}`,
        ends: 'nothing',
        options: { logger: { ...quiet, [level]: ways[way] } },
      }),
    ),
  ),
  {
    name: 'logger.isLevelEnabled throws',
    ends: 'nothing',
    options: { logger: { ...quiet, isLevelEnabled: throwing } as CaptchaLogger },
  },
  {
    name: 'logger.isLevelEnabled rejects',
    ends: 'nothing',
    options: { logger: { ...quiet, isLevelEnabled: rejecting } as CaptchaLogger },
  },
  {
    name: 'req.log is a getter that throws',
    ends: 'nothing',
    options: { logger: undefined },
    before: (req, _res, next) => {
      Object.defineProperty(req, 'log', { get: throwing })
      next()
    },
  },
  {
    name: 'req.log has methods that are getters that throw',
    ends: 'nothing',
    options: { logger: undefined },
    before: (req, _res, next) => {
      Object.assign(req, { log: Object.defineProperty({}, 'info', { get: throwing }) })
      next()
    },
  },
  {
    name: 'the methods of the logger are getters that throw once it is in use',
    ends: 'nothing',
    get options() {
      let reads = 0
      const logger = { ...quiet }
      for (const level of levels) {
        Object.defineProperty(logger, level, { get: () => (reads++ < 20 ? () => {} : throwing()) })
      }
      return { logger }
    },
  },
  { name: 'a writeHead hook throws', ends: 'every answer', before: throwingWriteHead(1) },
]
