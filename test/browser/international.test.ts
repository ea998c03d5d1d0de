import { expect, test } from '@jest/globals'
import type { CaptchaTicket } from '../../lib/browser/index.js'
import type { ScriptFault } from '../../lib/simulator/index.js'
import { browserSuite, inChromium, solve, stopClock, type Visit, type VisitOptions } from './browser-suite.js'

type Kit = typeof import('../../lib/browser/index.js')
declare const CaptchaGuard: Kit

const { visit } = browserSuite()

const form =
  '<form method="post" action="/login" data-captcha><input name="user" value="ann"><button>Go</button></form>'

/** A page of a site whose app id belongs to the international one, with forms that are guarded by their attributes. */
const open = (body: string, options: VisitOptions = {}, lang = 'en') =>
  visit({
    captchaSite: 'international',
    prepare(site) {
      site.page.html = `<!doctype html><html lang="${lang}"><title>Forms</title>
        <script src="/captcha/captcha-guard.js"></script>${body}`
    },
    ...options,
  })

const checkbox = ({ page }: Visit) => page.locator('[data-captcha-checkbox]')
const statusText = ({ page }: Visit) => page.textContent('[data-captcha-status]')

async function tick(here: Visit): Promise<void> {
  await checkbox(here).click()
  await solve(here)
}

const verified = expect.objectContaining({ reason: 'verified' })
const degraded = (clientErrorCode: number) => expect.objectContaining({ reason: 'client_fallback', clientErrorCode })

inChromium('A form with the international script', () => {
  test('shows the checkbox before its button, holds the ticket, and is sent with it, in Chinese with an encrypted app id', async () => {
    const here = await open(form, { enforceAidEncrypted: true, context: { locale: 'zh-CN' } }, 'zh-CN')
    await checkbox(here).waitFor()
    const order = await here.page.evaluate(() =>
      [...document.querySelectorAll('input:not([type=hidden]), [data-captcha-checkbox], button')].map(
        (node) => node.localName,
      ),
    )
    expect(order).toEqual(['input', 'div', 'button'])
    expect(await checkbox(here).textContent()).toBe('我不是机器人')
    await tick(here)
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=true]')
    expect(here.site.posts).toEqual([])
    await here.page.click('button')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
    expect(here.vendorRequests()).toBe(1)
    expect(here.errors).toEqual([])
  })

  test('waits for a user who has not ticked, however long, and says so', async () => {
    const here = await open(form)
    await checkbox(here).waitFor()
    await here.page.clock.install()
    await here.page.click('button')
    await here.page.waitForFunction(() =>
      document.querySelector('[data-captcha-status]')?.textContent?.includes('tick'),
    )
    await here.page.clock.fastForward('03:00')
    expect(await here.page.getAttribute('form', 'aria-busy')).toBe('true')
    expect(here.site.posts).toEqual([])
    await tick(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
  })

  test('needs a new tick for a ticket of more than four minutes, and after that an encrypted app id is new', async () => {
    const here = await open(form, { enforceAidEncrypted: true })
    await here.page.clock.install()
    await here.page.reload()
    await tick(here)
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=true]')
    await here.page.focus('input')
    const configs = countConfigs(here)
    await here.page.clock.fastForward('04:01')
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=false]')
    expect(configs()).toBe(1)
    await here.page.click('button')
    await here.page.waitForFunction(() =>
      document.querySelector('[data-captcha-status]')?.textContent?.includes('tick'),
    )
    expect(here.site.posts).toEqual([])
    await tick(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
  })

  test('shows the checkbox anew after a refusal, and keeps its place on the page', async () => {
    const here = await open('<form id="own"><p id="place"></p><button>Go</button></form>')
    here.site.answers = [{ status: 403, code: 'captcha_invalid' }]
    await here.page.evaluate(() => {
      const own = document.querySelector('form') as HTMLFormElement
      CaptchaGuard.guardForm(own, {
        configUrl: '/captcha/config.json',
        element: document.querySelector('#place') as HTMLElement,
        onTicket: ({ ticket, randstr }) =>
          fetch('/answers', { method: 'POST', headers: { 'x-captcha-ticket': ticket, 'x-captcha-randstr': randstr } }),
      })
    })
    await tick(here)
    await here.page.waitForSelector('#place [aria-checked=true]')
    await here.page.click('button')
    await here.page.waitForSelector('form[aria-busy=false]')
    expect(await statusText(here)).toBe('Not verified, please try again')
    await here.page.waitForSelector('#place [aria-checked=false]')
    await tick(here)
    await here.page.click('button')
    await here.page.waitForFunction(() => document.querySelector('[data-captcha-status]')?.textContent === '')
    expect(here.site.decisions).toEqual([verified])
  })

  test('keeps the checkbox for another try when the user closes the challenge by keyboard', async () => {
    const here = await open(form)
    await here.page.waitForSelector('[data-captcha-checkbox]')
    await here.page.focus('input')
    await here.page.keyboard.press('Tab')
    await here.page.keyboard.press('Space')
    await here.page.waitForSelector('[data-captcha-solve]:focus')
    await here.page.keyboard.press('Escape')
    await here.page.waitForSelector('[data-captcha-checkbox]:focus')
    await here.page.keyboard.press('Space')
    await solve(here)
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=true]:focus')
    await here.page.keyboard.press('Tab')
    await here.page.keyboard.press('Enter')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('renders nothing before it is on the screen, as in a closed dialog', async () => {
    const here = await open(`<dialog>${form}</dialog>`)
    await here.page.waitForLoadState('networkidle')
    expect(here.vendorRequests()).toBe(0)
    await here.page.evaluate(() => document.querySelector('dialog')?.showModal())
    await tick(here)
    await here.page.click('button')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
  })

  test('sends the genuine ticket when the script reports a failure after it', async () => {
    const here = await open(form, { fault: 'late_second_callback' })
    await here.page.clock.install()
    await here.page.reload()
    await tick(here)
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=true]')
    await here.page.clock.runFor(2000)
    await here.page.click('button')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
  })

  test.each<[string, ScriptFault, number]>([
    ['the script answers 404', 'not_found', 1001],
    ['the connection is cut', 'refuse_connection', 1001],
    ['the script defines no TencentCaptcha', 'empty', 1001],
    ['the constructor throws', 'constructor_throws', 1005],
    ['the script reports a failure of its configuration', { kind: 'error_code', errorCode: 1006 }, 1006],
  ])('is sent with a fallback ticket at once when %s', async (_, fault, errorCode) => {
    const here = await open(form, { fault })
    await here.page.waitForLoadState('networkidle')
    await here.page.click('button')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([degraded(errorCode)])
    expect(here.errors).toEqual([])
  })

  test.each<[string, ScriptFault, number, number]>([
    ['the script hangs', 'hang', 1001, 6000],
    ['the checkbox never appears', 'never_ready', 1002, 12_000],
  ])('is sent with a fallback ticket at the usual deadline when %s', async (_, fault, errorCode, deadlineMs) => {
    const here = await open('', { fault })
    await stopClock(here)
    await here.page.evaluate((html) => {
      document.body.innerHTML = html
      document.querySelector('form')?.requestSubmit()
    }, form)
    if (fault === 'hang') await here.page.waitForFunction(() => document.querySelector('script[src*=TJN]'))
    else await here.page.waitForFunction(() => 'TencentCaptcha' in window)
    await here.page.clock.runFor(deadlineMs - 1)
    await here.page.evaluate(() => fetch('/'))
    expect(here.site.posts).toEqual([])
    await here.page.clock.runFor(1)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([degraded(errorCode)])
  })

  test('says that the user closed the challenge of a sent form', async () => {
    const here = await open(form, { fault: 'user_closes' })
    await here.page.click('button')
    await checkbox(here).click()
    await here.page.waitForSelector('form[aria-busy=false]')
    expect(await statusText(here)).toBe('Not verified, please try again')
    expect(here.site.posts).toEqual([])
    expect(here.errors).toEqual([])
  })
})

inChromium('requestTicket and guardedFetch with the international script', () => {
  test('need an element, and give a ticket when the user has ticked there', async () => {
    const here = await open('<div id="place"></div>')
    const without = await here.page.evaluate(async () => {
      const options = { captchaAppId: 190000001, site: 'international' } as const
      const calls = [CaptchaGuard.requestTicket(options), CaptchaGuard.guardedFetch('/', undefined, options)]
      return (await Promise.allSettled(calls)).map((outcome) => String((outcome as PromiseRejectedResult).reason))
    })
    expect(without).toEqual(Array(2).fill('TypeError: captcha-guard: wrong element: undefined'))
    const pending = here.page.evaluate(() => {
      const element = document.querySelector('#place') as HTMLElement
      return CaptchaGuard.requestTicket({ configUrl: '/captcha/config.json', element })
    })
    await tick(here)
    expect(await pending).toMatchObject({ fallback: false })
    expect(await here.page.locator('#place > *').count()).toBe(0)
  })
})

inChromium('The script of the other site on the page', () => {
  test.each([
    ['international', 'mainland'],
    ['mainland', 'international'],
  ] as const)('is a TypeError for the author, no fallback ticket: %s asked, %s loaded', async (site, loaded) => {
    const here = await open('<div id="place"></div>')
    const { simulator } = here.site
    const scriptUrl = loaded === 'mainland' ? simulator.scriptUrl : simulator.internationalScriptUrl
    const outcome = await here.page.evaluate(
      async (given) => {
        const element = document.querySelector('#place') as HTMLElement
        return CaptchaGuard.requestTicket({ ...given, element }).catch(String)
      },
      { captchaAppId: simulator.captchaAppId, site, scriptUrl },
    )
    expect(outcome as CaptchaTicket | string).toBe(`TypeError: captcha-guard: wrong site: ${site}`)
  })
})

inChromium('The kit for pages of the mainland site', () => {
  test('takes the international site for a wrong option', async () => {
    const here = await open('<div id="place"></div>', { captchaSite: 'mainland' })
    const outcome = here.page.evaluate(() => {
      const element = document.querySelector('#place') as HTMLElement
      return CaptchaGuard.requestTicket({ captchaAppId: 190000001, site: 'international', element }).catch(String)
    })
    expect(await outcome).toBe('TypeError: captcha-guard: wrong site: international')
    expect(here.vendorRequests()).toBe(0)
  })
})

function countConfigs({ page }: Visit): () => number {
  let count = 0
  page.on('request', (request) => {
    if (request.url().endsWith('/config.json')) count++
  })
  return () => count
}
