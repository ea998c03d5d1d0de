import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import type { CaptchaTicket } from '../../lib/browser/index.js'
import { type Firefox, type FirefoxTab, launchFirefox, mayRunFirefox } from './firefox.js'
import { openSite, type Site, type SiteOptions } from './open-site.js'

type Kit = typeof import('../../lib/browser/index.js')
declare const CaptchaGuard: Kit

jest.setTimeout(40_000)
const verified = expect.objectContaining({ reason: 'verified' })

;(mayRunFirefox ? describe : describe.skip)('In Firefox', () => {
  let firefox: Firefox
  let site: Site
  let tab: FirefoxTab
  beforeAll(async () => {
    firefox = await launchFirefox()
  })
  afterEach(() => site?.close())
  afterAll(() => firefox?.close())

  async function open(body: string, options: SiteOptions = {}, lang = 'en'): Promise<void> {
    site = await openSite(options)
    site.page.html = `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>Forms</title>
      <script src="/captcha/captcha-guard.js"></script>${body}`
    tab = await firefox.newTab()
    await tab.goto(site.origin)
  }

  const solve = async () => {
    await tab.until(() =>
      document.querySelector('[data-captcha-dialog]:not(.tjc-busy, .tjc-solved) [data-captcha-solve]'),
    )
    await tab.run(() => document.querySelector<HTMLElement>('[data-captcha-solve]')?.click())
  }
  const arrive = () => tab.until(() => document.querySelector('h1'))
  const click = (selector: string) => tab.run((found) => document.querySelector<HTMLElement>(found)?.click(), selector)
  const form =
    '<form method="post" action="/login" data-captcha><input name="user" value="ann" autofocus><button>Go</button></form>'

  /** Starts a call and leaves its outcomes, of which there must be one, on the page. */
  const startTicket = () =>
    tab.run(
      (given) => {
        const page = window as unknown as { outcomes: string[] }
        page.outcomes = []
        const settle = (outcome: string) => page.outcomes.push(outcome)
        void CaptchaGuard.requestTicket(given).then(
          ({ ticket }: CaptchaTicket) => settle(ticket),
          (error: Error) => settle(error.name),
        )
      },
      { captchaAppId: site.simulator.captchaAppId, scriptUrl: site.simulator.scriptUrl },
    )
  const outcomes = async () => {
    await tab.until(() => (window as unknown as { outcomes: string[] }).outcomes.length)
    return tab.run(() => (window as unknown as { outcomes: string[] }).outcomes)
  }

  test('a ticket settles once, also when the script reports a failure after it', async () => {
    await open('', { fault: 'late_second_callback' })
    await startTicket()
    await solve()
    await outcomes()
    await tab.run(() => new Promise((resolve) => setTimeout(resolve, 1300)))
    expect(await outcomes()).toEqual([expect.stringMatching(/^tr03/)])
    expect(tab.errors).toEqual([])
  })

  test.each([
    ['not_found', /^trerror_1001_/],
    ['refuse_connection', /^trerror_1001_/],
    ['constructor_throws', /^trerror_1005_/],
    ['fallback_after_show', /^terror_1006_/],
    ['user_closes', /^CaptchaCancelledError$/],
  ] as const)('a ticket settles once with the fault %s', async (fault, outcome) => {
    await open('', { fault })
    await startTicket()
    expect(await outcomes()).toEqual([expect.stringMatching(outcome)])
  })

  test('a form is sent once by Enter, with fields of any name, and keeps the focus', async () => {
    const fields = 'elements append requestSubmit querySelector nodeName dataset action method'.replace(
      /\w+/g,
      '<input name="$&">',
    )
    await open(form.replace('<button', `${fields}<button`))
    await tab.press('\uE007')
    await solve()
    await arrive()
    expect(site.decisions).toEqual([verified])
    expect(site.posts).toMatchObject([{ fields: { user: 'ann', elements: '' } }])
    expect(tab.errors).toEqual([])
  })

  test('a form works again after the way back', async () => {
    await open(form)
    for (let sent = 1; sent <= 2; sent++) {
      await click('form button')
      await solve()
      await arrive()
      await tab.run(() => history.back())
      await tab.until(() => document.querySelector('form[aria-busy=false], form:not([aria-busy])'))
    }
    expect(site.decisions).toEqual([verified, verified])
    expect(new Set(site.posts.map(({ fields }) => fields.ticket)).size).toBe(2)
  })

  test('a form of the international script holds its ticket, in Chinese with an encrypted app id', async () => {
    await open(form, { captchaSite: 'international', enforceAidEncrypted: true }, 'zh-CN')
    await tab.until(() => document.querySelector('[data-captcha-checkbox]'))
    await click('form button')
    await tab.until(() => document.querySelector('[data-captcha-status]')?.textContent === '请先勾选验证框')
    await click('[data-captcha-checkbox]')
    await solve()
    await arrive()
    expect(site.decisions).toEqual([verified])
    expect(tab.errors).toEqual([])
  })

  test('markup of strangers does not choose the script', async () => {
    await open(`<img name="currentScript" data-captcha-script-url="/evil.js"><a id="TCaptchaGlobal"></a>
      <object id="TencentCaptcha"></object><embed name="TencentCaptcha">${form}`)
    await click('form button')
    await solve()
    await arrive()
    expect(site.decisions).toEqual([verified])
  })
})
