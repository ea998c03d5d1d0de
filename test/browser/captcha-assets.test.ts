import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express5 from 'express'
import express4 from 'express4'
import request from 'supertest'
import { iifeSources } from '../../lib/browser-assets/iife-source.generated.js'
import { type CaptchaAssetsOptions, captchaAssets } from '../../lib/browser-assets/index.js'

const page = { captchaAppId: 199999164, site: 'mainland', scriptUrl: 'https://vendor.example/TJCaptcha.js' } as const
const appSecretKey = 'E4kwK9AcXQMHkktiItyMEyQPn'

describe.each([
  ['4', express4 as unknown as typeof express5],
  ['5', express5],
])('captchaAssets on Express %s', (_, express) => {
  function serve(options?: CaptchaAssetsOptions) {
    const assets = captchaAssets({ page }, options)
    const app = express()
    app.use('/captcha', assets)
    return { assets, agent: request(app) }
  }

  test('serves captcha-guard.js, the built kit, and revalidates it by its ETag', async () => {
    const { agent } = serve()
    const response = await agent.get('/captcha/captcha-guard.js?x=1')
    expect(response.status).toBe(200)
    expect(response.headers['content-type']).toBe('text/javascript; charset=utf-8')
    expect(response.headers['cache-control']).toBe('no-cache')
    expect(response.text).toBe(iifeSources.mainland)
    const etag = String(response.headers.etag)
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await agent.get('/captcha/captcha-guard.js').set('If-None-Match', tag)
      expect([again.status, again.text]).toEqual([304, ''])
    }
    expect((await agent.get('/captcha/captcha-guard.js').set('If-None-Match', '"other"')).status).toBe(200)
  })

  test('lets caches keep the name with the hash, and serves the name of another release uncached', async () => {
    const { agent, assets } = serve()
    const response = await agent.get(`/captcha/${assets.scriptName}`)
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    expect(assets.integrity).toBe(`sha384-${createHash('sha384').update(response.text).digest('base64')}`)
    const other = await agent.get('/captcha/captcha-guard.0123456789abcdef.js')
    expect([other.status, other.headers['cache-control']]).toEqual([200, 'no-cache'])
  })

  test('answers HEAD with the headers only', async () => {
    const response = await serve().agent.head('/captcha/captcha-guard.js')
    expect([response.status, response.text]).toEqual([200, undefined])
  })

  test('serves config.json with the facts for a page, never cached', async () => {
    const response = await serve().agent.get('/captcha/config.json')
    expect(response.body).toEqual(page)
    expect(response.headers['cache-control']).toBe('no-store')
  })

  test('puts a fresh aidEncrypted into config.json when configured', async () => {
    const { agent } = serve({ aidEncrypted: { appSecretKey } })
    const bodies = [(await agent.get('/captcha/config.json')).body, (await agent.get('/captcha/config.json')).body]
    expect(bodies[0]).toEqual({ ...page, aidEncrypted: expect.stringMatching(/^[\w+/]+=*$/) })
    expect(bodies[0].aidEncrypted).not.toBe(bodies[1].aidEncrypted)
    expect(JSON.stringify(bodies)).not.toContain(appSecretKey)
  })

  test.each([
    ['get', '/captcha/'],
    ['get', '/captcha/other.js'],
    ['get', '/captcha/captcha-guard.js/..'],
    ['post', '/captcha/config.json'],
  ] as const)('passes %s %s on', async (method, path) => {
    expect((await serve().agent[method](path)).status).toBe(404)
  })
})

test.each<[string, unknown, unknown]>([
  ['guard', undefined, undefined],
  ['guard', {}, undefined],
  ['aid', { page }, { aid: 1 }],
  ['appSecretKey', { page }, { aidEncrypted: {} }],
  ['expiresInSeconds', { page }, { aidEncrypted: { appSecretKey, expiresInSeconds: -1 } }],
  ['expiresIn', { page }, { aidEncrypted: { appSecretKey, expiresIn: 60 } }],
])('captchaAssets throws CaptchaConfigError for a wrong %s', (option, guard, options) => {
  const act = () => captchaAssets(guard as never, options as never)
  expect(act).toThrow(expect.objectContaining({ name: 'CaptchaConfigError', option }))
})
