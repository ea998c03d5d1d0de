import { setImmediate as nextRound } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CaptchaGuardOptions } from '../../lib/index.js'
import { expressVersions, startFlow } from './support.js'

const unhandled: unknown[] = []
const note = (reason: unknown) => unhandled.push(reason)
const rejecting = async (): Promise<never> => {
  throw new Error('rejected by the application')
}

/** A promise of another library. */
function thenable(then: (go: (isSkipped: boolean) => void, fail: (error: unknown) => void) => void): Promise<boolean> {
  return Object.defineProperty({}, 'then', { value: then }) as Promise<boolean>
}

/** Its members are not its own. */
class TokenWithGetters {
  get ticket() {
    return rejecting()
  }
  get randstr() {
    return '@x'
  }
}

beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})

afterEach(async () => {
  // A rejection that is not handled is told once the microtasks are over.
  await nextRound()
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

describe.each(expressVersions)('on %s', (_name, express) => {
  describe('a promise where a value is expected is a TypeError that names the option', () => {
    test.each<[string, Partial<CaptchaGuardOptions>]>([
      ['channel', { channel: rejecting as never }],
      ['readToken', { readToken: rejecting as never }],
      ['userIp', { userIp: rejecting as never }],
      ['clientKey', { clientKey: rejecting as never }],
      ['readToken', { readToken: () => ({ ticket: rejecting(), randstr: 'x' }) }],
      ['readToken', { readToken: () => new TokenWithGetters() }],
      ['riskContext', { riskContext: () => ({ businessId: rejecting() as never }) }],
      ['degradation.rules.client_fallback', { degradation: { rules: { client_fallback: rejecting as never } } }],
    ])('%s', async (name, options) => {
      const flow = await startFlow({ express, options })
      expect((await flow.send(flow.fallback())).status).toBe(500)
      expect(flow.errors).toEqual([expect.any(TypeError)])
      expect(String(flow.errors[0])).toContain(`\`${name}\``)
      expect(flow.handled).toBe(0)
    })
  })

  test.each<[string, unknown]>([
    ['an object', {}],
    ['an array', ['a']],
    ['true', true],
  ])('a clientKey that is %s is a TypeError that names the option', async (_what, value) => {
    const flow = await startFlow({ express, options: { clientKey: () => value as string } })
    expect((await flow.send(flow.mint())).status).toBe(500)
    expect(String(flow.errors[0])).toMatch(/^TypeError: .*`clientKey`/)
  })

  test.each(['debug', 'info', 'warn', 'error'] as const)(
    'a logger whose %s rejects or throws changes nothing',
    async (level) => {
      for (const bad of [
        rejecting,
        () => {
          throw new Error('disk full')
        },
      ]) {
        const quiet = () => {}
        const logger = { debug: quiet, info: quiet, warn: quiet, error: quiet, [level]: bad }
        const flow = await startFlow({ express, options: { logger } })
        expect((await flow.send(flow.mint())).status).toBe(200)
        expect((await flow.send({})).status).toBe(400)
        expect((await flow.send(flow.fallback())).status).toBe(200)
        expect((await flow.send(flow.mint({ fault: 'auth_failure' }))).status).toBe(503)
        expect(flow.errors).toEqual([])
      }
    },
  )

  test.each<[string, (flow: { mint(shape?: object): object }) => object]>([
    ['before Tencent is asked', () => ({})],
    ['after Tencent was asked', (flow) => flow.mint({ code: 9 })],
  ])('a writeHead hook that throws goes to next(error), once: a refusal %s', async (_when, token) => {
    const flow = await startFlow({
      express,
      before: [
        (_req, res, next) => {
          const writeHead = res.writeHead
          let isFirst = true
          res.writeHead = ((...args: Parameters<typeof writeHead>) => {
            if (!isFirst) return writeHead.apply(res, args)
            isFirst = false
            throw new Error('the session could not be saved')
          }) as typeof writeHead
          next()
        },
      ],
    })
    const { status } = await fetch(flow.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(token(flow)),
    })
    // The answer that failed is counted as one; next(error) came after it.
    for (const visit of flow.visits) visit.endsBeforeNext--
    expect(status).toBe(500)
    expect(flow.errors).toEqual([expect.objectContaining({ message: 'the session could not be saved' })])
    expect(flow.handled).toBe(0)
  })

  describe.each([undefined, null, 0, '', 'route', 'router'])('%p thrown in the place of an error', (thrown) => {
    const throwing = () => {
      throw thrown
    }
    const rejectingWith = async () => throwing()
    test.each<[string, Partial<CaptchaGuardOptions>, object | null]>([
      ['by skip', { skip: throwing }, null],
      ['by a skip that rejects', { skip: rejectingWith }, null],
      ["by the `then` of skip's promise", { skip: () => thenable(throwing) }, null],
      [
        "by a getter of skip's promise",
        { skip: () => Object.defineProperty({}, 'then', { get: throwing }) as never },
        null,
      ],
      ['by an option function', { userIp: throwing }, null],
      ['by a rule', { degradation: { rules: { client_fallback: throwing } } }, null],
      ['by onRefused', { onRefused: throwing }, {}],
      ['by an onRefused that rejects', { onRefused: rejectingWith as never }, {}],
      [
        'by a client',
        { client: { request: rejectingWith }, credential: undefined, endpoint: undefined },
        { ticket: 'tr03', randstr: '@x' },
      ],
    ])('%s goes to next(error) as an error and passes no request', async (_by, options, token) => {
      const flow = await startFlow({ express, options })
      expect((await flow.send(token ?? flow.fallback())).status).toBe(500)
      expect(flow.errors).toEqual([expect.objectContaining({ cause: thrown })])
      expect(flow.handled).toBe(0)
    })
  })

  test.each<[string, number, (done: (skipped: boolean) => void) => void]>([
    [
      'settles twice',
      200,
      (done) => {
        done(false)
        done(true)
      },
    ],
    [
      'throws',
      500,
      () => {
        throw undefined
      },
    ],
  ])('a skip whose promise is of another library and %s acts once', async (_what, status, then) => {
    const skip = () => Object.defineProperty({}, 'then', { value: then }) as Promise<boolean>
    const flow = await startFlow({ express, options: { skip } })
    expect((await flow.send(flow.mint())).status).toBe(status)
    expect(flow.handled).toBe(status === 200 ? 1 : 0)
    await nextRound()
    expect(flow.visits.map(({ nextArguments }) => nextArguments.length)).toEqual([1])
  })

  test('a skip that rejects goes to next(error), once', async () => {
    const flow = await startFlow({ express, options: { skip: rejecting } })
    expect((await flow.send(flow.mint())).status).toBe(500)
    expect(flow.errors).toHaveLength(1)
  })
})
