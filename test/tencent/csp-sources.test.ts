import { describe, expect, test } from '@jest/globals'
import express from 'express'
import helmet from 'helmet'
import request from 'supertest'
import { captchaCspSources } from '../../lib/index.js'
import { scriptUrls } from '../../lib/tencent/hosts.js'

describe('captchaCspSources', () => {
  test.each(['mainland', 'international'] as const)(
    'allows the script of the %s site, its frames and its calls',
    (site) => {
      const { origin } = new URL(scriptUrls[site])
      const { scriptSrc, frameSrc, connectSrc } = captchaCspSources({ site })
      for (const sources of [scriptSrc, frameSrc, connectSrc]) expect(sources).toContain(origin)
      expect(captchaCspSources({ site, scriptUrl: scriptUrls[site] })).toBe(captchaCspSources({ site }))
    },
  )

  test('is for the mainland by default, without the hosts of the international site', () => {
    expect(captchaCspSources()).toBe(captchaCspSources({ site: 'mainland' }))
    expect(JSON.stringify(captchaCspSources())).not.toMatch(/ca\.turing|global\.turing|rce\.tencentrio/)
  })

  test("allows an earlier version of the vendor's script all of the vendor's hosts, and another script its origin alone", () => {
    expect(captchaCspSources({ scriptUrl: 'https://turing.captcha.qcloud.com/TCaptcha.js' })).toBe(captchaCspSources())
    const { scriptSrc, connectSrc, styleSrc } = captchaCspSources({ scriptUrl: 'http://127.0.0.1:3002/TJCaptcha.js' })
    expect([scriptSrc, connectSrc, styleSrc]).toEqual([['http://127.0.0.1:3002'], ['http://127.0.0.1:3002'], []])
  })

  test('goes into the directives of helmet as it is', async () => {
    const captcha = captchaCspSources({ site: 'international' })
    const app = express()
    const directives = Object.fromEntries(
      Object.entries(captcha).map(([name, sources]) => [name, ["'self'", ...sources]]),
    )
    app.use(helmet({ contentSecurityPolicy: { directives } }))
    app.get('/', (_req, res) => res.send('ok'))
    const policy = String((await request(app).get('/')).headers['content-security-policy'])
    expect(policy).toContain("connect-src 'self' https://turing.captcha.qcloud.com")
    expect(policy).toContain("worker-src 'self' blob:")
  })

  test.each([{ site: 'mars' }, { site: 'constructor' }, { scriptUrl: '/relative' }])(
    'throws a TypeError for %p',
    (wrong) => {
      expect(() => captchaCspSources(wrong as never)).toThrow(expect.objectContaining({ name: 'TypeError' }))
    },
  )
})
