import { request } from 'node:http'
import { describe, expect, test } from '@jest/globals'
import { fromBody, fromHeaders, fromQuery } from '../../lib/index.js'
import { expressVersions, type Flow, startFlow, type Token } from './support.js'

const ticket = 'tr03anything*'
const randstr = '@abc'
const longTicket = (length: number) => 'x'.repeat(length)

const missing: ReadonlyArray<readonly [string, Token | undefined]> = [
  ['no body', undefined],
  ['an empty body', {}],
  ['no ticket', { randstr }],
  ['a null ticket', { ticket: null, randstr }],
  ['an empty ticket', { ticket: '', randstr }],
  ['no randstr', { ticket }],
  ['a null randstr', { ticket, randstr: null }],
  ['an empty randstr', { ticket, randstr: '' }],
  ['a fallback ticket without randstr', { ticket: 'trerror_1001_190000001_1700000000' }],
]

const malformed: ReadonlyArray<readonly [string, Token]> = [
  ['a number as ticket', { ticket: 1, randstr }],
  ['zero as ticket', { ticket: 0, randstr }],
  ['false as ticket', { ticket: false, randstr }],
  ['an array with the ticket', { ticket: [ticket], randstr }],
  ['two tickets', { ticket: [ticket, ticket], randstr }],
  ['an empty array', { ticket: [], randstr }],
  ['an object', { ticket: { ticket }, randstr }],
  ['an object that claims to be a string', { ticket: { toString: 'x', length: 3, trim: null }, randstr }],
  ['a number as randstr', { ticket, randstr: 7 }],
  ['an array as randstr', { ticket, randstr: [randstr] }],
  ['a deep object as randstr', { ticket, randstr: { a: { b: { c: [1] } } } }],
  ['a ticket of 2049 characters', { ticket: longTicket(2049), randstr }],
  ['a ticket of a megabyte', { ticket: longTicket(1_048_576), randstr }],
  ['a randstr of 257 characters', { ticket, randstr: longTicket(257) }],
  ['a fallback ticket of 2049 characters', { ticket: `trerror_1001_${longTicket(2036)}`, randstr }],
  ['the prefix alone', { ticket: 'trerror_', randstr }],
  ['the prefix without its underscore', { ticket: 'terror', randstr }],
  ['a fallback ticket of another app', { ticket: 'trerror_1001_190000002_1700000000', randstr }],
  ['a fallback ticket without app id', { ticket: 'trerror_1001_1700000000', randstr }],
  ['a fallback ticket with an empty app id', { ticket: 'trerror_1001__1700000000', randstr }],
  ['a fallback ticket with letters for a code', { ticket: 'trerror_abcd_190000001_1700000000', randstr }],
  ['an upper-case prefix without a valid form', { ticket: 'TRERROR_x', randstr }],
  ['a prefix behind blanks without a valid form', { ticket: '  terror_x', randstr }],
]

/** `JSON.parse` makes own members of these; an object literal would not. */
const hostileJson: ReadonlyArray<readonly [string, string]> = [
  ['a ticket in __proto__', '{"__proto__":{"ticket":"tr03x*","randstr":"@abc"}}'],
  ['a ticket in constructor.prototype', '{"constructor":{"prototype":{"ticket":"tr03x*","randstr":"@abc"}}}'],
  ['an array with members', '["tr03x*","@abc"]'],
  ['a string', '"tr03x*"'],
  ['a number', '1'],
  ['null', 'null'],
]

describe.each(expressVersions)('on %s', (_name, express) => {
  test.each(missing)('%s is answered with captcha_required, and Tencent is not asked', async (_what, token) => {
    const flow = await startFlow({ express })
    const reply = await flow.send(token)
    expect(reply).toMatchObject({ status: 400, body: { code: 'captcha_required' } })
    expect(reply.captcha).toMatchObject({ passed: false, degraded: false, reason: 'ticket_missing' })
    expectUntouched(flow)
  })

  test.each(malformed)('%s is malformed, and Tencent is not asked', async (_what, token) => {
    const flow = await startFlow({ express })
    const reply = await flow.send(token)
    expect(reply).toMatchObject({ status: 400, body: { code: 'captcha_invalid' } })
    expect(reply.captcha).toMatchObject({ passed: false, degraded: false, reason: 'ticket_malformed' })
    expectUntouched(flow)
  })

  test.each(hostileJson)('%s as the body holds no ticket', async (_what, json) => {
    const flow = await startFlow({ express })
    expect(await postText(flow, json)).toBe(400)
    expect(flow.visits[0]?.req.captcha?.reason).toBe('ticket_missing')
    expectUntouched(flow)
  })

  test('without a body parser the headers are read, although req.body is undefined', async () => {
    const flow = await startFlow({ express, parser: false })
    expect((await flow.send()).captcha?.reason).toBe('ticket_missing')
    const { ticket, randstr } = flow.mint()
    const headers = { 'x-captcha-ticket': ticket, 'x-captcha-randstr': randstr }
    expect((await flow.send(undefined, { headers })).captcha?.reason).toBe('verified')
    expect((await flow.send(undefined, { headers, method: 'get' })).captcha?.reason).toBe('ticket_reused')
  })

  test('the longest ticket and randstr that are allowed go to Tencent', async () => {
    const flow = await startFlow({ express })
    await flow.send({ ticket: longTicket(2048), randstr: longTicket(256) })
    expect(flow.asked).toBe(1)
  })

  test('body and header that disagree are malformed', async () => {
    const flow = await startFlow({ express })
    const good = flow.mint()
    const otherTicket = { 'x-captcha-ticket': 'tr03other*', 'x-captcha-randstr': good.randstr }
    expect((await flow.send(good, { headers: otherTicket })).captcha?.reason).toBe('ticket_malformed')
    const otherRandstr = { 'x-captcha-randstr': '@other' }
    expect((await flow.send(good, { headers: otherRandstr })).captcha?.reason).toBe('ticket_malformed')
    expectUntouched(flow)
  })

  test('body and header that agree, or complete one another, are one token', async () => {
    const flow = await startFlow({ express })
    const both = flow.mint()
    const bothHeaders = { 'x-captcha-ticket': both.ticket, 'x-captcha-randstr': both.randstr }
    expect((await flow.send(both, { headers: bothHeaders })).captcha?.reason).toBe('verified')
    const split = flow.mint()
    const half = await flow.send({ ticket: split.ticket }, { headers: { 'x-captcha-randstr': split.randstr } })
    expect(half.captcha?.reason).toBe('verified')
  })

  test('a header sent twice is malformed', async () => {
    const flow = await startFlow({ express })
    const { ticket, randstr } = flow.mint()
    const headers = { 'x-captcha-ticket': [ticket, ticket], 'x-captcha-randstr': randstr }
    expect(await postText(flow, '{}', headers)).toBe(400)
    expect(flow.visits[0]?.req.captcha?.reason).toBe('ticket_malformed')
    expectUntouched(flow)
  })

  test('the query is not read unless told to', async () => {
    const flow = await startFlow({ express })
    const { ticket, randstr } = flow.mint()
    const path = `/?ticket=${encodeURIComponent(ticket)}&randstr=${encodeURIComponent(randstr)}`
    expect((await flow.send({}, { path })).captcha?.reason).toBe('ticket_missing')
    const reading = await startFlow({ express, options: { readToken: fromQuery() } })
    const own = reading.mint()
    const ownPath = `/?ticket=${encodeURIComponent(own.ticket)}&randstr=${encodeURIComponent(own.randstr)}`
    expect((await reading.send(undefined, { path: ownPath, method: 'get' })).captcha?.reason).toBe('verified')
    const twice = await reading.send(undefined, { path: `${ownPath}&ticket=other`, method: 'get' })
    expect(twice.captcha?.reason).toBe('ticket_malformed')
  })

  test.each([
    ['fromBody', fromBody('captcha', 'rand'), (t: string, r: string) => ({ token: { captcha: t, rand: r } })],
    ['fromHeaders', fromHeaders('X-T', 'X-R'), (t: string, r: string) => ({ headers: { 'x-t': t, 'x-r': r } })],
  ])('%s reads where it is told', async (_helper, readToken, place) => {
    const flow = await startFlow({ express, options: { readToken } })
    const { ticket, randstr } = flow.mint()
    const placed: { token?: object; headers?: Record<string, string> } = place(ticket, randstr)
    const reply = await flow.send(placed.token ?? {}, { headers: placed.headers ?? {} })
    expect(reply.captcha?.reason).toBe('verified')
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('ticket_missing')
  })

  test('a readToken that finds nothing at all finds no ticket', async () => {
    const flow = await startFlow({ express, options: { readToken: () => undefined as never } })
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('ticket_missing')
  })

  test('an address that is none is refused, not sent', async () => {
    const flow = await startFlow({ express })
    const reply = await flow.send(flow.mint(), { ip: 'not-an-address' })
    expect(reply).toMatchObject({ status: 403, captcha: { reason: 'rejected' } })
    expect(flow.simulator.calls).toEqual([])
  })

  test('hostile requests change nothing for other users, and end no process', async () => {
    const flow = await startFlow({ express })
    await Promise.all(malformed.map(([, token]) => flow.send(token)))
    expect((await flow.send(flow.mint())).captcha?.reason).toBe('verified')
    expect(({} as Record<string, unknown>).ticket).toBeUndefined()
    expect(flow.errors).toEqual([])
  })
})

/** Tencent was not asked, the handler did not run, no purse was touched. */
function expectUntouched(flow: Flow): void {
  expect(flow.simulator.calls).toEqual([])
  expect(flow.handled).toBe(0)
  const { outage, doubt } = flow.guard.snapshot().purses
  expect([outage.taken, doubt.taken]).toEqual([0, 0])
}

function postText(flow: Flow, text: string, headers: Record<string, string | string[]> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const all = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.7', ...headers }
    const sent = request(flow.url, { method: 'POST', headers: all }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    sent.on('error', reject)
    sent.end(text)
  })
}
