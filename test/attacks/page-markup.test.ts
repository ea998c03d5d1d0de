import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals'
import { browserSuite, inChromium, solve } from '../browser/browser-suite.js'
import type { Site } from '../browser/open-site.js'

/**
 * What an attacker gains who can put forms, images and `<base>`, with `data-*` and `name`, into a page: sanitizers let such markup
 * by. The page's policy runs only scripts with its nonce, which the kit has.
 */
const { visit } = browserSuite()

let attacker: { origin: string; hits: string[]; close(): void }

beforeAll(async () => {
  const hits: string[] = []
  const server = createServer((req, res) => {
    hits.push(req.url ?? '')
    const own = `http://${req.headers.host}`
    const answers: Record<string, string> = {
      '/captcha/config.json': JSON.stringify({ captchaAppId: 190000001, scriptUrl: `${own}/evil.js` }),
      '/evil.js': 'window.isOwned = true',
    }
    res.setHeader('access-control-allow-origin', '*')
    res.end(answers[(req.url ?? '').split('?', 1)[0] ?? ''] ?? '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  attacker = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
})
beforeEach(() => {
  attacker.hits.length = 0
})
afterAll(() => attacker?.close())

const kitTag = '<script src="/captcha/captcha-guard.js" nonce="abc" defer></script>'
const policy = "script-src 'nonce-abc'"

/** A page that shows text of strangers above its own form. */
const pageWith = (stranger: string, kit = kitTag) => `<!doctype html><html lang="en"><title>Board</title>${kit}
  <div id="stranger">${stranger}</div>
  <form id="own" method="post" action="/login" data-captcha><input name="user" value="ann"><button id="send">Send</button></form>`

const strangersForm = () =>
  `<form method="post" action="/login" data-captcha-app-id="190000001" data-captcha-script-url="${attacker.origin}/evil.js">
   <button id="bait">Read more</button></form>`

const open = (html: (site: Site) => string) =>
  visit({
    prepare(site) {
      site.page = { html: html(site), headers: { 'content-security-policy': policy } }
    },
  })

inChromium('Markup of strangers under a policy that runs only scripts with a nonce', () => {
  /** What the kit did before: it loaded what the form's attribute names, with the nonce of its own tag. */
  const kitThatReadsTheForm = `<script nonce="abc">
    const { nonce } = document.currentScript
    addEventListener('submit', (event) => {
      event.preventDefault()
      const src = event.target.dataset.captchaScriptUrl
      document.head.append(Object.assign(document.createElement('script'), { nonce, src }))
    }, true)</script>`

  test("runs its own script where the kit takes the script's address from the form", async () => {
    const here = await open(() => pageWith(strangersForm(), kitThatReadsTheForm))
    await here.page.click('#bait')
    await here.page.waitForFunction(() => 'isOwned' in window)
    expect(attacker.hits).toEqual(['/evil.js'])
  })

  test('does not choose the script that the kit loads for a form', async () => {
    const here = await open(() => pageWith(strangersForm()))
    await here.page.click('#bait')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(attacker.hits).toEqual([])
    expect(here.site.decisions).toMatchObject([{ reason: 'verified' }])
  })

  /** The kit before: it asked the form itself for its fields. */
  const kitThatTrustsNames = `<script nonce="abc">
    addEventListener('DOMContentLoaded', () => {
      const form = document.querySelector('form[data-captcha]')
      form.elements.namedItem('ticket')
      form.addEventListener('submit', (event) => event.preventDefault(), true)
    })</script>`
  const fieldOfStranger = '<input form="own" name="elements">'

  test('sends a form without its ticket where the kit trusts the names on the form', async () => {
    const here = await open(() => pageWith(fieldOfStranger, kitThatTrustsNames))
    await here.page.click('#send')
    await here.page.waitForURL('**/login')
    expect(here.site.posts).toMatchObject([{ fields: { user: 'ann' } }])
    expect(here.site.posts[0]?.fields).not.toHaveProperty('ticket')
  })

  test('sends no form without its ticket by fields that belong to it', async () => {
    const names = [
      'elements',
      'append',
      'requestSubmit',
      'querySelector',
      'nodeName',
      'dataset',
      'method',
      'setAttribute',
    ]
    const here = await open(() => pageWith(names.map((name) => `<input form="own" name="${name}">`).join('')))
    await here.page.evaluate(() => document.getElementById('send')?.click())
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toMatchObject([{ reason: 'verified' }])
    expect(here.errors).toEqual([])
  })

  const named = (names: string) => names.replace(/\w+/g, '<img name="$&">')
  // Where the move breaks the vendor's script as well, the form has a fallback ticket.
  const moves: [string, string, () => string][] = [
    [
      'an image named currentScript',
      'verified',
      () =>
        `<img name="currentScript" src="${attacker.origin}/captcha/x.png" data-captcha-script-url="${attacker.origin}/evil.js">`,
    ],
    ['a <base>, which moves addresses to another origin', 'verified', () => `<base href="${attacker.origin}/">`],
    ['an image named baseURI', 'verified', () => named('baseURI')],
    ['ids of the globals of the scripts', 'verified', () => '<a id="TencentCaptcha"></a><a id="TCaptchaGlobal"></a>'],
    ['an embed with such a name', 'verified', () => '<embed name="TencentCaptcha">'],
    ['an object with such an id', 'verified', () => '<object id="TencentCaptcha"></object>'],
    [
      'images named like what loads the script',
      'client_fallback',
      () => named('head scripts readyState createElement'),
    ],
    ['images named like what finds forms', 'verified', () => named('querySelectorAll activeElement body location')],
  ]

  test.each(moves)('keeps no form of the page from its ticket and runs nothing with %s', async (_, reason, markup) => {
    const here = await open(() => pageWith(markup()))
    await here.page.evaluate((action) => {
      const form = document.getElementById('own') as HTMLFormElement
      // The address that the form is sent to is the page's own business.
      form.setAttribute('action', action)
      form.requestSubmit()
    }, `${here.site.origin}/login`)
    // Not by a selector: the tool's own scripts use what the move hides.
    if (reason === 'verified') {
      await here.page.waitForFunction(() => document.getElementsByClassName('tjc-thumb').length)
      await here.page.evaluate(() => (document.getElementsByClassName('tjc-thumb')[0] as HTMLElement).click())
    }
    await here.page.waitForURL('**/login')
    expect(attacker.hits.filter((url) => url !== '/captcha/x.png')).toEqual([])
    expect(here.site.decisions).toMatchObject([{ passed: true, reason }])
  })
})
