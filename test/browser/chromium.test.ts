import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, jest, test } from '@jest/globals'
import type { CaptchaTicket, TicketOptions } from '../../lib/browser/index.js'
import type { ScriptFault } from '../../lib/simulator/index.js'
import { browserSuite, inChromium, solve, stopClock, type Visit, type VisitOptions } from './browser-suite.js'
import { codeBlock } from './document-snippets.js'
import type { Site } from './open-site.js'

type Kit = typeof import('../../lib/browser/index.js')
declare const CaptchaGuard: Kit

const suite = browserSuite()
const visit = (fault: ScriptFault | null = null, prepare?: VisitOptions['prepare']) =>
  suite.visit({ fault, ...(prepare && { prepare }) })

/** Options that can be sent to the page. */
type PlainOptions = Partial<Pick<TicketOptions, 'site' | 'scriptUrl' | 'nonce' | 'showTimeoutMs'>>
type Answer = { ticket?: CaptchaTicket; error?: string; elapsedMs: number }

const optionsOf = ({ simulator: { captchaAppId, scriptUrl } }: Site) => ({ captchaAppId, scriptUrl })

/** Asks for a ticket and sends it to the server. `elapsedMs` is what the page's clock shows, stopped or not. */
function ask({ page, site }: Visit, options: PlainOptions = {}): Promise<Answer> {
  return page.evaluate(
    async (given) => {
      const startedAt = performance.now()
      const elapsed = () => Math.round(performance.now() - startedAt)
      try {
        const ticket = await CaptchaGuard.requestTicket(given)
        const elapsedMs = elapsed()
        const headers = { 'x-captcha-ticket': ticket.ticket, 'x-captcha-randstr': ticket.randstr }
        await fetch('/send', { method: 'POST', headers }).catch(() => {})
        return { ticket, elapsedMs }
      } catch (error) {
        return { error: (error as Error).name, elapsedMs: elapsed() }
      }
    },
    { ...optionsOf(site), ...options },
  )
}

async function askAndSolve(here: Visit, options?: PlainOptions): Promise<void> {
  const pending = ask(here, options)
  await solve(here)
  expect((await pending).ticket?.fallback).toBe(false)
}

const degraded = (clientErrorCode: number) =>
  expect.objectContaining({ passed: true, degraded: true, reason: 'client_fallback', clientErrorCode })
const verified = expect.objectContaining({ passed: true, degraded: false, reason: 'verified' })

const documentedCodes = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1085]

inChromium('with a healthy vendor', () => {
  test('gives a ticket that verifies, and leaves nothing of the challenge on the page', async () => {
    const here = await visit()
    const pending = ask(here)
    await solve(here)
    expect((await pending).ticket).toMatchObject({ fallback: false, ticket: expect.stringMatching(/^tr03.*\*$/) })
    expect(here.site.decisions).toEqual([verified])
    expect(await here.page.locator('[data-captcha-dialog]').count()).toBe(0)
    expect(here.errors).toEqual([])
  })

  test('gives the user an hour, whatever showTimeoutMs is', async () => {
    const here = await visit()
    await here.page.clock.install()
    const pending = ask(here, { showTimeoutMs: 300 })
    await here.page.waitForSelector('[data-captcha-solve]')
    await here.page.clock.fastForward('01:00:00')
    await solve(here)
    expect((await pending).ticket?.fallback).toBe(false)
  })

  test('loads one script for ten concurrent calls and gives ten tickets that verify', async () => {
    const here = await visit()
    await stopClock(here)
    const pending = Promise.all(Array.from({ length: 10 }, () => ask(here)))
    for (let solved = 0; solved < 10; solved++) {
      await solve(here)
      await here.page.waitForSelector('.tjc-solved')
      await here.page.clock.runFor(1000)
    }
    expect(new Set((await pending).map(({ ticket }) => ticket?.ticket)).size).toBe(10)
    expect(here.site.decisions).toEqual(Array.from({ length: 10 }, () => verified))
    expect(here.vendorRequests()).toBe(1)
  })

  test('loads one script for two copies of the kit', async () => {
    const here = await visit(null, (site) => {
      site.page.html += '<script src="/captcha/captcha-guard.js?again"></script>'
    })
    const pending = here.page.evaluate(async (given) => {
      const kit = (await import(`${location.origin}/kit.js`)) as Kit
      const tickets = await Promise.all([kit.requestTicket(given), CaptchaGuard.requestTicket(given)])
      return [kit.requestTicket === CaptchaGuard.requestTicket, ...tickets.map(({ fallback }) => fallback)]
    }, optionsOf(here.site))
    await solve(here)
    await solve(here)
    expect(await pending).toEqual([false, false, false])
    expect(here.vendorRequests()).toBe(1)
  })
})

inChromium('with a fault of the vendor', () => {
  const quick: [string, ScriptFault, number][] = [
    ['the script answers 404', 'not_found', 1001],
    ['the connection is cut', 'refuse_connection', 1001],
    ['the script defines no TencentCaptcha', 'empty', 1001],
    ['the constructor throws', 'constructor_throws', 1005],
  ]
  test.each(quick)('gives a fallback ticket without a wait when %s', async (_, fault, errorCode) => {
    const here = await visit(fault)
    await stopClock(here)
    const { ticket, elapsedMs } = await ask(here)
    expect(ticket).toMatchObject({ fallback: true, errorCode, randstr: expect.stringMatching(/^@/) })
    expect(ticket?.ticket).toMatch(/^tr?error_\d{4}_190000001_\d{10}$/)
    expect(elapsedMs).toBe(0)
    expect(here.site.decisions).toEqual([degraded(errorCode)])
    expect(here.errors).toEqual([])
  })

  test('passes the fallback tickets of the vendor, with every documented code, on to page and server', async () => {
    const here = await visit()
    await stopClock(here)
    const codes = documentedCodes.map((errorCode) => [{ kind: 'error_code', errorCode }, errorCode] as const)
    for (const [fault, errorCode] of [...codes, ['fallback_after_show', 1006] as const]) {
      here.site.simulator.setScriptFault(fault)
      await here.page.reload()
      const pending = ask(here)
      await here.page.waitForSelector('[data-captcha-dialog]')
      // The clock stops there: the ticket comes within two seconds.
      await here.page.clock.runFor(1999)
      const { ticket } = await pending
      expect(ticket).toMatchObject({ fallback: true, errorCode, randstr: expect.stringMatching(/^@/) })
      expect(ticket?.ticket).toMatch(/^tr?error_\d{4}_190000001_\d{10}$/)
    }
    expect(here.site.decisions).toEqual([...documentedCodes, 1006].map(degraded))
    expect(here.errors).toEqual([])
  })

  test('gives a fallback ticket without a wait, after two tries, when the host refuses connections', async () => {
    const here = await visit()
    await stopClock(here)
    const { ticket, elapsedMs } = await ask(here, { scriptUrl: `${await closedOrigin()}/TJCaptcha.js` })
    expect(ticket).toMatchObject({ fallback: true, errorCode: 1001, errorMessage: 'jsload_error' })
    expect(elapsedMs).toBe(0)
    expect(here.vendorRequests()).toBe(2)
    expect(here.site.decisions).toEqual([degraded(1001)])
  })

  test('gives an ordinary ticket when the second try loads the script', async () => {
    const here = await visit()
    let tries = 0
    await here.page.route(/TJCaptcha\.js/, (route) => (tries++ ? route.continue() : route.abort()))
    await askAndSolve(here)
    expect(here.site.decisions).toEqual([verified])
  })

  test.each<[string, string, ScriptFault | null, number, string, number]>([
    ['load', 'the script hangs', 'hang', 1001, 'jsload_timeout', 6000],
    ['load', 'a blocker holds the script back without an event', null, 1001, 'jsload_timeout', 6000],
    ['show', 'the challenge never appears', 'never_ready', 1002, 'captcha_show_timeout', 12_000],
  ])(
    'gives a fallback ticket at the %s deadline when %s',
    async (_, __, fault, errorCode, errorMessage, deadlineMs) => {
      const here = await visit(fault)
      if (fault === null) await here.page.route(/TJCaptcha\.js/, () => {})
      await stopClock(here)
      const pending = ask(here)
      if (fault === 'never_ready') await here.page.waitForFunction(() => 'TencentCaptcha' in window)
      const settled = jest.fn()
      void pending.then(settled)
      await here.page.clock.runFor(deadlineMs - 1)
      await here.page.evaluate(() => fetch('/'))
      expect(settled).not.toHaveBeenCalled()
      await here.page.clock.runFor(1)
      const { ticket, elapsedMs } = await pending
      expect(ticket).toMatchObject({ fallback: true, errorCode, errorMessage })
      expect(elapsedMs).toBe(deadlineMs)
      expect(here.site.decisions).toEqual([degraded(errorCode)])
      expect(here.errors).toEqual([])
    },
  )

  test('ignores a late second callback', async () => {
    const here = await visit('late_second_callback')
    await here.page.addScriptTag({ url: here.site.simulator.scriptUrl })
    // The vendor's script keeps its timers after destroy(), the simulator's does not.
    await here.page.evaluate(() => {
      const page = window as unknown as { TencentCaptcha: new (...args: unknown[]) => object; callbacks: number }
      page.callbacks = 0
      page.TencentCaptcha = class extends page.TencentCaptcha {
        constructor(...[captchaAppId, callback, options]: unknown[]) {
          super(
            captchaAppId,
            (result: unknown) => (callback as (...args: unknown[]) => void)(result, page.callbacks++),
            options,
          )
        }
        destroy() {}
      }
    })
    await askAndSolve(here)
    await here.page.waitForFunction(() => (window as unknown as { callbacks: number }).callbacks === 2)
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('rejects without a ticket and without an error on the page when the user closes the challenge', async () => {
    const here = await visit('user_closes')
    const { error, ticket } = await ask(here)
    expect([error, ticket]).toEqual(['CaptchaCancelledError', undefined])
    expect(here.site.decisions).toEqual([])
    expect(here.errors).toEqual([])
  })

  test('gives a fallback ticket without a wait on a page without network', async () => {
    const here = await visit()
    await stopClock(here)
    await here.page.context().setOffline(true)
    const { ticket, elapsedMs } = await ask(here)
    expect(ticket).toMatchObject({ fallback: true, errorCode: 1001 })
    expect(elapsedMs).toBe(0)
    expect(here.site.decisions).toEqual([])
  })

  test('loads the script for a later call after a failure', async () => {
    const here = await visit('not_found')
    expect((await ask(here)).ticket?.fallback).toBe(true)
    here.site.simulator.setScriptFault(null)
    await askAndSolve(here)
    expect(here.site.decisions).toEqual([degraded(1001), verified])
  })
})

inChromium('under a content security policy', () => {
  const policy = (site: Site, scriptSources: string) => {
    const host = new URL(site.simulator.scriptUrl).origin
    return `default-src 'self'; script-src ${scriptSources}; connect-src 'self' ${host}; style-src 'self' ${host}`
  }

  test("works with default-src 'self' and the vendor's host", async () => {
    const here = await visit(null, (site) => {
      const scriptSources = `'self' ${new URL(site.simulator.scriptUrl).origin}`
      site.page.headers = { 'content-security-policy': policy(site, scriptSources) }
    })
    await askAndSolve(here)
    expect(here.errors).toEqual([])
  })

  test('works with a nonce alone; without it gives a fallback ticket without a wait', async () => {
    const here = await visit(null, (site) => {
      site.page.headers = { 'content-security-policy': policy(site, "'nonce-abc'") }
      site.page.html = site.page.html.replace('<script', '<script nonce="abc"')
    })
    await stopClock(here)
    const { ticket, elapsedMs } = await ask(here)
    expect(ticket).toMatchObject({ fallback: true, errorCode: 1001 })
    expect(elapsedMs).toBe(0)
    await here.page.clock.resume()
    await askAndSolve(here, { nonce: 'abc' })
  })
})

inChromium('a guarded form', () => {
  const markedForm = ({ simulator }: Site) => `<!doctype html><title>Sign in</title>
    <script src="/captcha/captcha-guard.js" nonce="abc"></script>
    <form method="post" action="/login" data-captcha-app-id="${simulator.captchaAppId}">
      <label>Name <input name="user" autofocus></label> <button>Sign in</button>
    </form>`
  const visitForm = (fault: ScriptFault | null = null) =>
    visit(fault, (site) => {
      const host = new URL(site.simulator.scriptUrl).origin
      const sources = `default-src 'self'; script-src 'nonce-abc'; connect-src 'self' ${host}`
      site.page = { html: markedForm(site), headers: { 'content-security-policy': sources } }
    })

  test('works by keyboard, with attributes only and a nonce', async () => {
    const here = await visitForm()
    await here.page.keyboard.type('ann')
    await here.page.keyboard.press('Enter')
    await here.page.waitForSelector('[data-captcha-solve]:focus')
    expect(await here.page.getAttribute('form', 'aria-busy')).toBe('true')
    await here.page.keyboard.press('Enter')
    await here.page.waitForSelector('h1')
    expect(here.page.url()).toBe(`${here.site.origin}/login`)
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('says so after Escape, has the focus on its button and works again', async () => {
    const here = await visitForm()
    await here.page.keyboard.type('ann')
    await here.page.keyboard.press('Tab')
    await here.page.keyboard.press('Enter')
    await here.page.waitForSelector('[data-captcha-solve]:focus')
    await here.page.keyboard.press('Escape')
    await here.page.waitForFunction(() => document.activeElement?.nodeName === 'BUTTON')
    expect(await here.page.textContent('[aria-live=polite]')).toBe('Not verified, please try again')
    expect(await here.page.getAttribute('form', 'aria-busy')).toBe('false')
    expect(here.site.decisions).toEqual([])
    await here.page.keyboard.press('Enter')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified])
  })

  test('still submits when the vendor is down', async () => {
    const here = await visitForm('not_found')
    await here.page.click('button')
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([degraded(1001)])
  })

  test('shows that a request of the page failed, and reports its error as one of the page', async () => {
    const here = await visitForm()
    await here.page.evaluate(({ captchaAppId, scriptUrl }) => {
      const form = document.querySelector('form') as HTMLFormElement
      const onTicket = () => Promise.reject(new TypeError('Failed to fetch'))
      CaptchaGuard.guardForm(form, { captchaAppId, scriptUrl, nonce: 'abc', onTicket })
    }, optionsOf(here.site))
    await here.page.click('button')
    await solve(here)
    await here.page.waitForSelector('form[aria-busy=false]')
    expect(await here.page.textContent('[aria-live=polite]')).toBe('Not verified, please try again')
    expect(here.errors).toEqual(['TypeError: Failed to fetch'])
  })

  test('works again when the user comes back from the next page', async () => {
    const here = await visitForm()
    await here.page.click('button')
    await solve(here)
    await here.page.waitForSelector('h1')
    await here.page.goBack()
    await here.page.click('form button')
    await solve(here)
    await here.page.waitForSelector('h1')
    expect(here.site.decisions).toEqual([verified, verified])
  })
})

inChromium('guardedFetch', () => {
  test('repeats the request after captcha_expired and captcha_unavailable', async () => {
    const here = await visit()
    here.site.answers = [
      { status: 403, code: 'captcha_expired' },
      { status: 503, code: 'captcha_unavailable', retryAfter: '1' },
    ]
    const pending = here.page.evaluate(async (given) => {
      const waits: number[] = []
      const onWait = (ms: number) => waits.push(ms)
      const { status } = await CaptchaGuard.guardedFetch('/answers', { method: 'POST' }, { ...given, onWait })
      return { status, waits }
    }, optionsOf(here.site))
    for (let solved = 0; solved < 3; solved++) await solve(here)
    expect(await pending).toEqual({ status: 200, waits: [1000] })
    expect(here.site.decisions).toEqual([verified])
  })
})

inChromium('the page of docs/app-webview.md', () => {
  const bridges = {
    iOS: 'window.webkit = { messageHandlers: { captcha: { postMessage: (text) => window.messages.push(text) } } }',
    Android: 'window.CaptchaBridge = { onResult: (text) => window.messages.push(text) }',
    'React Native': 'window.ReactNativeWebView = { postMessage: (text) => window.messages.push(text) }',
  }

  async function visitApp(bridge: string, options: VisitOptions = {}) {
    const html = await codeBlock('app-webview.md', 'html')
    const script = `<script>window.messages = []; ${bridge}</script>`
    const here = await suite.visit({
      ...options,
      prepare(site) {
        site.page.html = html.replace('<head>', `<head>${script}`)
      },
    })
    const message = async () => {
      const handle = await here.page.waitForFunction(() => (window as unknown as { messages: string[] }).messages[0])
      return JSON.parse(String(await handle.jsonValue())) as unknown
    }
    return { here, message }
  }

  test.each(Object.entries(bridges))('sends the ticket over the bridge of %s', async (_, bridge) => {
    const { here, message } = await visitApp(bridge)
    await solve(here)
    expect(await message()).toEqual({
      kind: 'ticket',
      ticket: expect.stringMatching(/^tr03/),
      randstr: expect.stringMatching(/^@/),
    })
    expect(here.errors).toEqual([])
  })

  test('has the checkbox of the international script, with an encrypted app id', async () => {
    const { here, message } = await visitApp(bridges.iOS, { captchaSite: 'international', enforceAidEncrypted: true })
    await here.page.click('#captcha [role=checkbox]')
    await solve(here)
    expect(await message()).toMatchObject({ kind: 'ticket', ticket: expect.stringMatching(/^tr03/) })
  })

  test('sends a cancel, and a fallback ticket when the vendor is down', async () => {
    const closed = await visitApp(bridges.Android, { fault: 'user_closes' })
    expect(await closed.message()).toEqual({ kind: 'cancelled' })
    const down = await visitApp(bridges.Android, { fault: 'not_found' })
    expect(await down.message()).toMatchObject({ kind: 'ticket', ticket: expect.stringMatching(/^trerror_1001_/) })
  })
})

/** An address without a listener. */
async function closedOrigin(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
