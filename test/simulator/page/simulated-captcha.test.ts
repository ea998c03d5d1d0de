/** @jest-environment jsdom */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import type { ScriptFault } from '../../../lib/simulator/index.js'
import { errorMessages } from '../../../lib/simulator/page/error-messages.js'
import { tjCaptchaScript } from '../../../lib/simulator/serve-script.js'

interface PageElement {
  id: string
  click(): void
  focus(): void
  append(child: PageElement): void
  remove(): void
  contains(other: PageElement | null): boolean
  getAttribute(name: string): string | null
  dispatchEvent(event: unknown): boolean
  matches(selector: string): boolean
}

interface Captcha {
  show(): void
  destroy(): void
  getTicket(): { CaptchaAppId: string; ticket: string }
}

type Result = Record<string, unknown>

/** The globals of a page that the tests use; tests are compiled without the types of the DOM. */
const page = globalThis as unknown as {
  document: {
    body: PageElement
    activeElement: PageElement | null
    createElement(name: string): PageElement
    querySelector(selector: string): PageElement | null
    querySelectorAll(selector: string): ArrayLike<PageElement>
  }
  KeyboardEvent: new (type: string, init: object) => unknown
  TencentCaptcha: (new (...values: unknown[]) => Captcha) | undefined
  fetch: unknown
}

const APP_ID = '190000001'
const minted = { ticket: 'tr03abc*', randstr: '@abc' }

function load(fault: ScriptFault | null = null): void {
  new Function(tjCaptchaScript({ origin: 'http://127.0.0.1:3002', fault, site: 'mainland' }))()
}

function make(...values: unknown[]): Captcha {
  if (page.TencentCaptcha === undefined) throw new Error('the script did not load')
  return new page.TencentCaptcha(...values)
}

function find(selector: string): PageElement {
  const element = page.document.querySelector(selector)
  if (element === null) throw new Error(`no ${selector} on the page`)
  return element
}

function press(key: string, shiftKey = false): void {
  page.document.activeElement?.dispatchEvent(new page.KeyboardEvent('keydown', { key, shiftKey, bubbles: true }))
}

const dialog = (): PageElement | null => page.document.querySelector('[data-captcha-dialog]')

describe('The script in a page', () => {
  let results: Result[]
  const callback = (result: Result): void => {
    results.push(result)
  }
  let ticketRequests: unknown[]

  beforeEach(() => {
    jest.useFakeTimers()
    results = []
    ticketRequests = []
    page.fetch = async (url: string, init: { body: string }) => {
      ticketRequests.push([url, JSON.parse(init.body)])
      return { ok: true, json: async () => minted }
    }
  })
  afterEach(() => {
    for (const veil of Array.from(page.document.querySelectorAll('[data-captcha-veil]'))) veil.remove()
    page.TencentCaptcha = undefined
    jest.useRealTimers()
  })

  async function solve(): Promise<void> {
    find('[data-captcha-solve]').click()
    await jest.advanceTimersByTimeAsync(500)
  }

  it('calls back once with ticket and randstr after the challenge is solved', async () => {
    load()
    const captcha = make(APP_ID, callback, { bizState: { step: 1 } })
    expect(dialog()).toBeNull()
    captcha.show()
    expect(dialog()?.getAttribute('role')).toBe('dialog')
    await solve()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(results).toMatchObject([{ ret: 0, ...minted, appid: APP_ID, CaptchaAppId: APP_ID, bizState: { step: 1 } }])
    expect(results[0]).not.toHaveProperty('errorCode')
    expect(ticketRequests).toEqual([['http://127.0.0.1:3002/ticket', { captchaAppId: APP_ID, channel: 'web' }]])
    expect(captcha.getTicket()).toEqual({ CaptchaAppId: APP_ID, ticket: minted.ticket })
    expect(dialog()).toBeNull()
  })

  it('shows one dialog at a time and can be shown again after a pass', async () => {
    load()
    const captcha = make(APP_ID, callback)
    captcha.show()
    captcha.show()
    expect(page.document.querySelectorAll('[data-captcha-dialog]').length).toBe(1)
    await solve()
    captcha.show()
    await solve()
    expect(results.length).toBe(2)
  })

  it('calls back with ret 2 and a null ticket when the user closes it by the button or by Escape', () => {
    load()
    const captcha = make(APP_ID, callback)
    captcha.show()
    find('[data-captcha-close]').click()
    captcha.show()
    press('Escape')
    expect(results).toMatchObject([
      { ret: 2, ticket: null },
      { ret: 2, ticket: null },
    ])
    expect(dialog()).toBeNull()
  })

  it('calls back once when the user closes it while the ticket is being fetched', async () => {
    load()
    make(APP_ID, callback).show()
    find('[data-captcha-solve]').click()
    find('[data-captcha-close]').click()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(results.map((result) => result.ret)).toEqual([2])
  })

  it('takes the focus, keeps it inside the dialog, and gives it back', () => {
    load()
    const opener = page.document.createElement('button')
    page.document.body.append(opener)
    opener.focus()
    make(APP_ID, callback).show()
    for (const shiftKey of [false, false, false, true, true]) {
      expect(dialog()?.contains(page.document.activeElement)).toBe(true)
      press('Tab', shiftKey)
    }
    press('Escape')
    expect(page.document.activeElement).toBe(opener)
    opener.remove()
  })

  it('shows the challenge on a click on its element until it is destroyed', async () => {
    load()
    const opener = page.document.createElement('button')
    page.document.body.append(opener)
    const captcha = make(opener, APP_ID, callback, {})
    opener.click()
    await solve()
    expect(results).toMatchObject([{ ret: 0, ...minted }])
    captcha.destroy()
    captcha.destroy()
    opener.click()
    expect(dialog()).toBeNull()
    opener.remove()
  })

  it('removes the dialog on destroy and does not call back', async () => {
    load()
    const captcha = make(APP_ID, callback)
    captcha.show()
    find('[data-captcha-solve]').click()
    captcha.destroy()
    await jest.advanceTimersByTimeAsync(60_000)
    expect(dialog()).toBeNull()
    expect(results).toEqual([])
  })

  it('throws for an app id that is no string and for a callback that is no function', () => {
    load()
    expect(() => make(190000001, callback)).toThrow(/appId must be a string/)
    expect(() => make(APP_ID, 'callback')).toThrow(/callback must be a function/)
    expect(() => make(page.document.body)).toThrow(/appId must be a string/)
  })

  it('calls ready and showFn when the challenge is shown, and verifyFn when it is solved', async () => {
    load()
    const [ready, showFn, verifyFn] = [jest.fn(), jest.fn(), jest.fn()]
    make(APP_ID, callback, { ready, showFn, verifyFn }).show()
    expect(ready).toHaveBeenCalledWith({ sdkView: { width: expect.any(Number), height: expect.any(Number) } })
    expect(showFn).toHaveBeenCalledWith({ duration: expect.any(Number), sid: expect.any(String) })
    await solve()
    expect(verifyFn).toHaveBeenCalledWith({ pass: true, sid: expect.any(String) })
  })

  it('works when it is loaded twice', async () => {
    load()
    const captcha = make(APP_ID, callback)
    captcha.show()
    load()
    await solve()
    make(APP_ID, callback).show()
    await solve()
    expect(results.length).toBe(2)
  })

  it('calls back with a fallback ticket of code 1013 when no ticket can be fetched', async () => {
    load()
    page.fetch = async () => {
      throw new TypeError('Failed to fetch')
    }
    make(APP_ID, callback).show()
    await solve()
    expect(results).toMatchObject([{ ret: 0, errorCode: 1013, errorMessage: 'verify_error' }])
    expect(results[0]?.ticket).toMatch(/^terror_1013_190000001_\d{10}$/)
  })

  describe('with a fault', () => {
    it('throws from the constructor for constructor_throws', () => {
      load('constructor_throws')
      expect(() => make(APP_ID, callback)).toThrow(/TencentCaptcha/)
    })

    it('calls back with ret 0 and a fallback ticket, without a challenge, for fallback_after_show', async () => {
      load('fallback_after_show')
      const ready = jest.fn()
      make(APP_ID, callback, { ready }).show()
      await jest.advanceTimersByTimeAsync(60_000)
      expect(results).toMatchObject([
        { ret: 0, errorCode: 1006, errorMessage: 'get_captcha_config_request_error', appid: APP_ID },
      ])
      expect(results[0]?.ticket).toMatch(/^terror_1006_190000001_\d{10}$/)
      expect(results[0]?.randstr).toMatch(/^@[a-z0-9]+$/)
      expect(ready).not.toHaveBeenCalled()
      expect(dialog()).toBeNull()
    })

    it.each(Object.entries(errorMessages))(
      'calls back with error code %s and message %s',
      async (code, errorMessage) => {
        load({ kind: 'error_code', errorCode: Number(code) })
        make(APP_ID, callback).show()
        await jest.advanceTimersByTimeAsync(60_000)
        expect(results).toMatchObject([{ ret: 0, errorCode: Number(code), errorMessage }])
        expect(results[0]?.ticket).toMatch(new RegExp(`^trerror_${code}_190000001_\\d{10}$`))
        expect('appid' in (results[0] ?? {})).toBe(code !== '1002')
      },
    )

    it('shows nothing and never calls back for never_ready', async () => {
      load('never_ready')
      make(APP_ID, callback).show()
      await jest.advanceTimersByTimeAsync(60_000)
      expect(dialog()).toBeNull()
      expect(results).toEqual([])
    })

    it('calls back a second time after a real pass for late_second_callback', async () => {
      load('late_second_callback')
      make(APP_ID, callback).show()
      await solve()
      expect(results).toMatchObject([{ ret: 0, ...minted }])
      await jest.advanceTimersByTimeAsync(2000)
      expect(results).toMatchObject([
        { ret: 0, ...minted },
        { ret: 0, errorCode: 1006 },
      ])
    })

    it('closes the challenge as if by the user for user_closes', async () => {
      load('user_closes')
      make(APP_ID, callback).show()
      expect(dialog()).not.toBeNull()
      await jest.advanceTimersByTimeAsync(2000)
      expect(results).toMatchObject([{ ret: 2, ticket: null }])
    })
  })
})
