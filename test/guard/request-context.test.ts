import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { ContextReader, type RequestContext } from '../../lib/guard/request-context.js'
import type { CaptchaGuardOptions } from '../../lib/options/options.js'
import { ticketClassifier } from '../../lib/tencent/classify-ticket.js'
import type { CaptchaRequest } from '../../lib/types.js'
import { unhandledRejectionsDuring } from '../report/lines.js'
import { ManualClock } from '../support/manual-clock.js'
import { captchaAppId, parsedConfig } from './decision-under-test.js'

const site = {}
const clock = new ManualClock()

function readerFor(options: Partial<CaptchaGuardOptions> = {}, itsSite: object = site): ContextReader {
  return new ContextReader(parsedConfig(options), ticketClassifier(captchaAppId), clock, itsSite)
}

interface Sent {
  readonly ticket?: unknown
  readonly randstr?: unknown
  readonly ip?: unknown
}

function requestWith({ ticket = 'tr03abc*', randstr = '@abc', ip = '203.0.113.7' }: Sent = {}): CaptchaRequest {
  return { body: { ticket, randstr }, headers: {}, ip } as unknown as CaptchaRequest
}

function read(sent: Sent = {}, options: Partial<CaptchaGuardOptions> = {}): RequestContext {
  return readerFor(options).read(requestWith(sent))
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const now = Math.floor(clock.epochMs() / 1000)
const fallbackTicket = `trerror_1001_${captchaAppId}_${now}`

describe('a request', () => {
  test('is read into channel, ticket, address, keys and start', async () => {
    await clock.advance(250)
    const req = requestWith()
    expect(readerFor().read(req)).toMatchObject({
      req,
      channel: 'web',
      ticket: { kind: 'ordinary', ticket: 'tr03abc*', randstr: '@abc' },
      address: { ip: '203.0.113.7', key: '203.0.113.7' },
      clientKey: '203.0.113.7',
      limitKey: '203.0.113.7',
      ticketKey: sha256('tr03abc*').slice(0, 32),
      startedMs: clock.nowMs(),
    })
  })

  test.each<[string, unknown]>([
    ['missing', ''],
    ['malformed', 5],
    ['malformed', 'trerror_x'],
  ])('with a ticket that is %s has no key of it', (kind, ticket) => {
    const context = read({ ticket })
    expect(context.ticket.kind).toBe(kind)
    expect(context.ticketKey).toBeUndefined()
  })

  test('whose reader finds nothing at all has a missing ticket', () => {
    expect(read({}, { readToken: () => undefined as never }).ticket.kind).toBe('missing')
    expect(read({}, { readToken: () => ({}) }).ticket.kind).toBe('missing')
  })
})

describe('the channel', () => {
  test('is the one of the options, constant or function', () => {
    const ofFunction = (req: CaptchaRequest) => (req.ip === '203.0.113.7' ? 'mini_program' : 'web')
    expect(read({ randstr: '' }, { channel: 'mini_program' })).toMatchObject({
      channel: 'mini_program',
      ticket: { kind: 'ordinary', randstr: '' },
    })
    expect(read({}, { channel: ofFunction }).channel).toBe('mini_program')
    expect(read({ ip: '203.0.113.8' }, { channel: ofFunction }).channel).toBe('web')
  })

  test.each([undefined, null, 'app', 'WEB', '', 1, {}])('that is %p throws a TypeError that names it', (channel) => {
    const wrong = () => read({}, { channel: () => channel as never })
    expect(wrong).toThrow(TypeError)
    expect(wrong).toThrow(/`channel` is .*; it must be 'web' or 'mini_program'/)
  })

  test('that is no channel is quoted in short', () => {
    expect(() => read({}, { channel: () => 'x'.repeat(10_000) as never })).toThrow(/`channel` is "x{60}";/)
  })
})

describe('a function of the options', () => {
  const functions = ['channel', 'readToken', 'userIp', 'clientKey'] as const

  test.each(functions)('%s that throws is not caught', (name) => {
    const error = new RangeError(name)
    const fail = () => {
      throw error
    }
    expect(() => read({}, { [name]: fail })).toThrow(error)
  })

  test.each(functions)(
    '%s that returns a promise throws a TypeError that names it, and ends no process',
    async (name) => {
      const reject = async () => {
        throw new Error('database')
      }
      const unhandled = await unhandledRejectionsDuring(() => {
        expect(() => read({}, { [name]: reject })).toThrow(TypeError)
        expect(() => read({}, { [name]: async () => undefined })).toThrow(new RegExp(`option \`${name}\``))
      })
      expect(unhandled).toEqual([])
    },
  )

  test.each(functions)('%s is called once, with the request', (name) => {
    const calls: unknown[][] = []
    const returns = { channel: 'web', readToken: {}, userIp: '203.0.113.7', clientKey: 'k' }
    const req = requestWith()
    readerFor({
      [name]: (...args: unknown[]) => {
        calls.push(args)
        return returns[name]
      },
    }).read(req)
    expect(calls).toEqual([[req]])
  })
})

describe('the client', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2ff::5', '2001:db8:1:2ff::5', '2001:db8:1:200::/56'],
  ])('at %s has the address %s, and is limited as %s', (ip, address, key) => {
    const context = read({ ip })
    expect(context.address?.ip).toBe(address)
    expect([context.clientKey, context.limitKey]).toEqual([key, key])
  })

  test.each([undefined, null, '', 'unknown', '203.0.113', '203.0.113.7, 198.51.100.1', 5, {}])(
    'whose address is %p has none, and no key',
    (ip) => {
      const context = read({}, { userIp: () => ip as never })
      expect(context.address).toBeUndefined()
      expect([context.clientKey, context.limitKey]).toEqual(['', ''])
    },
  )

  test('has the key of the application before its address', () => {
    const context = read({}, { clientKey: () => 'device 1' })
    expect([context.clientKey, context.limitKey]).toEqual(['device 1', 'key:device 1'])
    expect(context.address?.ip).toBe('203.0.113.7')
  })

  test('has the key of the application where its address is not known', () => {
    const context = read({}, { clientKey: () => 'device 1', userIp: () => undefined })
    expect([context.address, context.clientKey, context.limitKey]).toEqual([undefined, 'device 1', 'key:device 1'])
  })

  test('may have a number as its key, zero included', () => {
    expect(read({}, { clientKey: () => 4711 })).toMatchObject({ clientKey: '4711', limitKey: 'key:4711' })
    expect(read({}, { clientKey: () => 0 })).toMatchObject({ clientKey: '0', limitKey: 'key:0' })
  })

  // Otherwise an application's key that is spelled like an address would use up the limits of the client there.
  test.each(['203.0.113.7', '2001:db8:1:200::/56', 'key:x'])(
    'whose key is %j shares no limit with any other',
    (key) => {
      const own = read({ ip: '198.51.100.1' }, { clientKey: () => key })
      expect(own.clientKey).toBe(key)
      expect(own.limitKey).toBe(`key:${key}`)
      expect(own.limitKey).not.toBe(read({ ip: '203.0.113.7' }).limitKey)
    },
  )

  test.each([undefined, null, ''])('whose key is %p goes by its address', (key) => {
    expect(read({}, { clientKey: () => key as never })).toMatchObject({
      clientKey: '203.0.113.7',
      limitKey: '203.0.113.7',
    })
  })

  test.each([true, {}, [], 5n, Symbol('key'), () => 'key'])(
    'whose key is %p throws a TypeError that names it',
    (key) => {
      const wrong = () => read({}, { clientKey: () => key as never })
      expect(wrong).toThrow(TypeError)
      expect(wrong).toThrow(/`clientKey` is \w+; it must be a string or a number/)
    },
  )

  test('whose key is long is known by its hash, so that memory is bounded by the number of keys', () => {
    const keyOf = (length: number) => read({}, { clientKey: () => 'k'.repeat(length) }).clientKey
    expect(keyOf(128)).toBe('k'.repeat(128))
    expect(keyOf(129)).toBe(sha256('k'.repeat(129)))
    expect(keyOf(100_000)).toHaveLength(64)
  })
})

describe('the key of a ticket', () => {
  const keyOf = (sent: Sent, options?: Partial<CaptchaGuardOptions>) => read(sent, options).ticketKey

  test('is the same with blanks around the ticket, and whichever randstr or client comes along', () => {
    const key = keyOf({})
    expect(keyOf({ ticket: ' tr03abc*\n' })).toBe(key)
    expect(keyOf({ randstr: '@xyz' })).toBe(key)
    expect(keyOf({ ip: '198.51.100.1' })).toBe(key)
    expect(keyOf({ ticket: 'tr03abd*' })).not.toBe(key)
  })

  test.each([
    ['in capitals', `TERROR_1001_${captchaAppId}_${now}`],
    ['with the other prefix', `terror_1001_${captchaAppId}_${now}`],
    ['with blanks around it', ` ${fallbackTicket} `],
    ['in the joined form', `trerror_1001_${captchaAppId}${now}`],
  ])('is that of the same fallback ticket spelled %s', (_, ticket) => {
    expect(read({ ticket }).ticket.kind).toBe('fallback')
    expect(keyOf({ ticket })).toBe(keyOf({ ticket: fallbackTicket }))
  })

  test.each<[string, Sent]>([
    ['another randstr', { ticket: fallbackTicket, randstr: '@xyz' }],
    ['another code', { ticket: fallbackTicket.replace('1001', '1006') }],
    ['another second', { ticket: `trerror_1001_${captchaAppId}_${now + 1}` }],
    ['another sid', { ticket: `${fallbackTicket}_sid` }],
  ])('of a fallback ticket differs with %s', (_, sent) => {
    expect(read(sent).ticket.kind).toBe('fallback')
    expect(keyOf(sent)).not.toBe(keyOf({ ticket: fallbackTicket }))
  })

  test('of a fallback ticket with a randstr is the same for any client', () => {
    const other = { ticket: fallbackTicket, ip: '198.51.100.1' }
    expect(keyOf(other)).toBe(keyOf({ ticket: fallbackTicket }))
  })

  test('of a fallback ticket without a randstr differs between clients: honest users may hold the same one', () => {
    const miniProgram = { channel: 'mini_program' } as const
    const first = keyOf({ ticket: fallbackTicket, randstr: '' }, miniProgram)
    expect(keyOf({ ticket: fallbackTicket, randstr: '' }, miniProgram)).toBe(first)
    expect(keyOf({ ticket: fallbackTicket, randstr: '', ip: '198.51.100.1' }, miniProgram)).not.toBe(first)
  })
})

describe('what is shared on one request', () => {
  const req = requestWith()

  test('is the same for every guard of the site that reads the same ticket, randstr and channel', () => {
    const { shared } = readerFor().read(req)
    expect(readerFor().read(req).shared).toBe(shared)
    expect(readerFor({ clientKey: () => 'device 1', timeoutMs: 5 }).read(req).shared).toBe(shared)
  })

  test.each<[string, Partial<CaptchaGuardOptions>, object]>([
    ['another site', {}, {}],
    ['another channel', { channel: 'mini_program' }, site],
    ['another ticket', { readToken: () => ({ ticket: 'tr03abd*', randstr: '@abc' }) }, site],
    ['another randstr', { readToken: () => ({ ticket: 'tr03abc*', randstr: '@xyz' }) }, site],
  ])('is not shared with %s', (_, options, itsSite) => {
    expect(readerFor(options, itsSite).read(req).shared).not.toBe(readerFor().read(req).shared)
  })

  test('is not shared with another request', () => {
    expect(readerFor().read(requestWith()).shared).not.toBe(readerFor().read(req).shared)
  })

  test('is not shared between two checks without a request', () => {
    const input = {
      req: undefined,
      channel: 'web',
      token: { ticket: 'tr03abc*', randstr: '@abc' },
      userIp: '203.0.113.7',
      clientKey: undefined,
      knownAs: undefined,
    }
    const [first, second] = [readerFor().make(input), readerFor().make(input)]
    expect(first.req).toBeUndefined()
    expect(first.ticketKey).toBe(second.ticketKey)
    expect(first.shared).not.toBe(second.shared)
  })
})
