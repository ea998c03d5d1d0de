/** @jest-environment ./test/browser/jsdom-with-fetch.mjs */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { CaptchaCancelledError, guardedFetch } from '../../lib/browser/index.js'
import { freshPage, installFakeVendor, solved } from './fake-vendor.js'

const captchaAppId = 199999164
// Absolute, because this Request is Node's.
const url = 'http://localhost/pay'

let sent: Request[]
let answers: (() => Response)[]

beforeEach(() => {
  jest.useFakeTimers()
  freshPage()
  let count = 0
  installFakeVendor({ onShow: ({ answer }) => answer({ ...solved, ticket: `tr03${++count}*` }) })
  sent = []
  answers = []
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    sent.push(request)
    return (answers.shift() ?? ok)()
  }
})
afterEach(() => {
  jest.useRealTimers()
})

const ok = () => new Response('fine')
const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ type: 'about:blank', title: 'No', status, code }), {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
  })
const expired = () => refusal(403, 'captcha_expired')
const unavailable = (retryAfter = '30') => refusal(503, 'captcha_unavailable', { 'retry-after': retryAfter })
const tickets = () => sent.map(({ headers }) => headers.get('x-captcha-ticket'))

test('guardedFetch sends ticket and randstr in headers, and the rest as given', async () => {
  const init = { method: 'POST', body: 'b', headers: { 'content-type': 'text/plain' } }
  const response = await guardedFetch(url, init, { captchaAppId })
  expect(await response.text()).toBe('fine')
  expect(sent[0]).toMatchObject({ url, method: 'POST' })
  expect(await sent[0]?.text()).toBe('b')
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({
    'content-type': 'text/plain',
    'x-captcha-ticket': 'tr031*',
    'x-captcha-randstr': '@Vki',
  })
})

test('guardedFetch sends them in the headers that the options name', async () => {
  await guardedFetch(url, undefined, { captchaAppId, ticketHeader: 'x-ticket', randstrHeader: 'x-rand' })
  expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({ 'x-ticket': 'tr031*', 'x-rand': '@Vki' })
})

test('guardedFetch keeps the headers of a Request, and can repeat it', async () => {
  answers = [expired]
  const request = new Request(url, { method: 'POST', body: 'b', headers: { 'x-own': '1' } })
  await guardedFetch(request, undefined, { captchaAppId })
  const attempts = sent.map(async (attempt) => [attempt.url, attempt.headers.get('x-own'), await attempt.text()])
  expect(await Promise.all(attempts)).toEqual([
    [url, '1', 'b'],
    [url, '1', 'b'],
  ])
})

describe('after a refusal guardedFetch', () => {
  test('gets a new ticket for captcha_expired, once', async () => {
    answers = [expired, expired]
    const response = await guardedFetch(url, {}, { captchaAppId })
    expect(tickets()).toEqual(['tr031*', 'tr032*'])
    expect(await response.json()).toMatchObject({ code: 'captcha_expired' })
  })

  test('waits for Retry-After of captcha_unavailable, then gets a new ticket, once', async () => {
    answers = [unavailable, unavailable]
    const onWait = jest.fn<(retryAfterMs: number, response: Response) => void>()
    const pending = guardedFetch(url, {}, { captchaAppId, onWait })
    await jest.advanceTimersByTimeAsync(29_999)
    expect(tickets()).toEqual(['tr031*'])
    expect(onWait.mock.calls.map(([ms, { status }]) => [ms, status])).toEqual([[30_000, 503]])
    await jest.advanceTimersByTimeAsync(1)
    expect((await pending).status).toBe(503)
    expect(tickets()).toEqual(['tr031*', 'tr032*'])
  })

  test('waits for Retry-After of a 429 too', async () => {
    answers = [() => refusal(429, 'captcha_invalid', { 'retry-after': '30' })]
    const pending = guardedFetch(url, {}, { captchaAppId })
    await jest.advanceTimersByTimeAsync(30_000)
    expect((await pending).ok).toBe(true)
  })

  test('makes at most three requests in any order of refusals', async () => {
    answers = [expired, unavailable, expired, unavailable, expired]
    const pending = guardedFetch(url, {}, { captchaAppId })
    await jest.advanceTimersByTimeAsync(600_000)
    expect(await (await pending).json()).toMatchObject({ code: 'captcha_expired' })
    expect(tickets()).toEqual(['tr031*', 'tr032*', 'tr033*'])
  })

  test.each<[string, () => Response]>([
    ['captcha_required', () => refusal(400, 'captcha_required')],
    ['captcha_invalid', () => refusal(403, 'captcha_invalid')],
    ['captcha_unavailable without Retry-After', () => refusal(503, 'captcha_unavailable')],
    ['a wait of more than a minute', () => unavailable('61')],
    ['a Retry-After that is a date', () => unavailable('Wed, 21 Oct 2065 07:28:00 GMT')],
    ['another problem', () => refusal(403, 'no_money')],
    ['another 503', () => new Response('<html>', { status: 503, headers: { 'retry-after': '30' } })],
    ['the JSON value null', () => new Response('null', { status: 400 })],
  ])('returns %s to the page', async (_, answer) => {
    answers = [answer]
    const response = await guardedFetch(url, {}, { captchaAppId })
    expect(response.ok).toBe(false)
    expect(response.bodyUsed).toBe(false)
    expect(sent).toHaveLength(1)
  })

  test('rejects with the reason of the signal when it is aborted during the wait', async () => {
    answers = [unavailable]
    const controller = new AbortController()
    const pending = guardedFetch(url, { signal: controller.signal }, { captchaAppId }).catch((error) => error)
    await jest.advanceTimersByTimeAsync(100)
    controller.abort('left')
    await jest.advanceTimersByTimeAsync(0)
    expect(await pending).toBe('left')
    expect(sent).toHaveLength(1)
  })
})

test('guardedFetch sends nothing when the user closes the challenge', async () => {
  freshPage()
  installFakeVendor({ onShow: ({ answer }) => answer({ ret: 2, ticket: null }) })
  await expect(guardedFetch(url, {}, { captchaAppId })).rejects.toThrow(CaptchaCancelledError)
  expect(sent).toEqual([])
})

test('guardedFetch rejects with the error of fetch', async () => {
  globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'))
  await expect(guardedFetch(url, {}, { captchaAppId })).rejects.toThrow('Failed to fetch')
})
