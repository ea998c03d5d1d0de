import { describe, expect, test } from '@jest/globals'
import express5 from 'express'
import express4 from 'express4'
import request from 'supertest'
import { backToForm, type CaptchaVerdict, captchaGuard } from '../../lib/index.js'

const keys = { captchaAppId: 199999164, appSecretKey: 'a', credential: { secretId: 'b', secretKey: 'c' } }
const fromBrowser = { Accept: 'text/html,application/xhtml+xml', 'Sec-Fetch-Mode': 'navigate', Host: 'shop.example' }

describe.each([
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
])('backToForm on Express %s', (_, express) => {
  function post(headers: Record<string, string>, path = '/account/login', options?: { path: string }) {
    const app = express()
    const guard = captchaGuard({ ...keys, logger: false, onRefused: backToForm(options) })
    app.use(path, express.urlencoded({ extended: false }), guard as never)
    return request(app).post(path).type('form').set(headers).send({ user: 'ann', password: 'secret' })
  }

  test('leads a form post back to the page that sent it, with the public code and nothing of the form', async () => {
    const response = await post({ ...fromBrowser, Referer: 'http://shop.example/login?next=%2Fcart' })
    expect([response.status, response.headers.location]).toEqual([303, '/login?next=%2Fcart&captcha=captcha_required'])
    expect(response.headers['cache-control']).toBe('no-store')
    expect(response.text).toBe('')
  })

  test('replaces the code of an earlier refusal', async () => {
    const response = await post({ ...fromBrowser, Referer: 'http://shop.example/login?captcha=captcha_expired' })
    expect(response.headers.location).toBe('/login?captcha=captcha_required')
  })

  test('leads to the path that the form was sent to when the page does not say where it is', async () => {
    expect((await post(fromBrowser)).headers.location).toBe('/account/login?captcha=captcha_required')
    const mounted = await post({ ...fromBrowser, Referer: 'not a url' })
    expect(mounted.headers.location).toBe('/account/login?captcha=captcha_required')
  })

  test.each([
    ['another site', 'https://evil.example/login', '/account/login'],
    ['this site with a path like a host', 'http://shop.example//evil.example/x', '/x'],
    ['this site with a backslash', 'http://shop.example/\\evil.example/x', '/x'],
    ['this site with more slashes', 'http://shop.example////evil.example', '/evil.example'],
  ])('never leaves the site, with a Referer of %s', async (_name, Referer) => {
    const { location } = (await post({ ...fromBrowser, Referer })).headers
    expect(new URL(String(location), 'http://shop.example').host).toBe('shop.example')
    expect(location).toMatch(/^\/(?!\/)/)
  })

  test('leads to the path of its option', async () => {
    const response = await post({ ...fromBrowser, Referer: 'http://shop.example/x' }, '/send', { path: '/login?a=1#f' })
    expect(response.headers.location).toBe('/login?a=1&captcha=captcha_required')
  })

  test.each([
    ['a fetch', { ...fromBrowser, 'Sec-Fetch-Mode': 'cors' }],
    ['a client that wants JSON', { Accept: 'application/json' }],
    ['a client that says nothing', {}],
  ])('answers %s with problem+json', async (_name, headers) => {
    const response = await post(headers as Record<string, string>)
    expect([response.status, JSON.parse(response.text).code]).toEqual([400, 'captcha_required'])
  })

  test('takes an older browser, which sends no Sec-Fetch-Mode, by the page that it wants', async () => {
    const response = await post({ Accept: 'text/html', Host: 'shop.example', Referer: 'http://shop.example/login' })
    expect(response.status).toBe(303)
  })
})

describe('backToForm', () => {
  test.each([
    { path: 'login' },
    { path: '//evil.example' },
    { path: '/\\evil.example' },
    { path: 'https://evil.example' },
    { pth: '/' },
  ])('throws for %p', (options) => {
    expect(() => backToForm(options)).toThrow(expect.objectContaining({ name: 'CaptchaConfigError' }))
  })

  test.each<[CaptchaVerdict['reason'], string]>([
    ['ticket_expired', 'captcha_expired'],
    ['risk_rejected', 'captcha_invalid'],
    ['budget_exhausted', 'captcha_unavailable'],
  ])('says no more of %s than %s', (reason, code) => {
    const headers: Record<string, unknown> = {}
    const res = { setHeader: (name: string, value: unknown) => (headers[name] = value), end: () => {} }
    const req = { headers: { 'sec-fetch-mode': 'navigate' }, url: '/login?ticket=secret' }
    backToForm()(req as never, res as never, () => {}, { reason } as never)
    expect(headers.Location).toBe(`/login?captcha=${code}`)
  })
})
