/** @jest-environment jsdom */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import {
  CaptchaCancelledError,
  type CaptchaTicket,
  requestTicket,
  type TicketOptions,
} from '../../lib/browser/index.js'
import { freshPage, installFakeVendor, solved, vendorTags } from './fake-vendor.js'

const captchaAppId = 199999164
const mainlandScript = 'https://turing.captcha.qcloud.com/TJCaptcha.js'

beforeEach(() => {
  jest.useFakeTimers({ now: 1_700_000_000_000 })
  freshPage()
})
afterEach(() => {
  jest.useRealTimers()
})

function lastTag(): HTMLScriptElement {
  const tag = vendorTags().at(-1)
  if (!tag) throw new Error('no script tag')
  return tag
}

/** Settles promises without moving the clock. */
const settle = () => jest.advanceTimersByTimeAsync(0)

function fire(type: 'load' | 'error') {
  lastTag().dispatchEvent(new Event(type))
  return settle()
}

async function timed(promise: Promise<CaptchaTicket>) {
  const startedAt = Date.now()
  const ticket = await promise
  return { ticket, elapsedMs: Date.now() - startedAt }
}

describe('script loading', () => {
  test.each([
    [undefined, mainlandScript],
    ['mainland' as const, mainlandScript],
    ['international' as const, 'https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js'],
  ])('loads, for site %s, %s with the nonce', async (site, url) => {
    void requestTicket({ captchaAppId, site, nonce: 'n0nce', element: document.body })
    await settle()
    expect(vendorTags().map(({ src, nonce }) => [src, nonce])).toEqual([[url, 'n0nce']])
  })

  test('resolves a scriptUrl relative to the page', async () => {
    void requestTicket({ captchaAppId, scriptUrl: '/vendor.js?v=1' })
    await settle()
    expect(lastTag().src).toBe('http://localhost/vendor.js?v=1')
  })

  test('treats an empty scriptUrl, as templates leave it, as absent', async () => {
    void requestTicket({ captchaAppId, scriptUrl: '' })
    await settle()
    expect(lastTag().src).toBe(mainlandScript)
  })

  test('tries once more at a fresh URL after an error, and then gives a fallback ticket', async () => {
    const pending = requestTicket({ captchaAppId, scriptUrl: '/vendor.js?v=1' })
    await settle()
    await fire('error')
    expect(vendorTags()).toHaveLength(1)
    expect(lastTag().src).toMatch(/^http:\/\/localhost\/vendor\.js\?v=1&\d+$/)
    await fire('error')
    expect(await pending).toEqual({
      ticket: 'trerror_1001_199999164_1700000000',
      randstr: expect.stringMatching(/^@\w+$/),
      fallback: true,
      errorCode: 1001,
      errorMessage: 'jsload_error',
    })
    expect(vendorTags()).toHaveLength(0)
  })

  test('gives an ordinary ticket when the second try loads', async () => {
    const pending = requestTicket({ captchaAppId })
    await settle()
    await fire('error')
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await fire('load')
    expect(await pending).toEqual({ ticket: 'tr03abc*', randstr: '@Vki', fallback: false })
  })

  test('fails when the script loads without window.TencentCaptcha', async () => {
    const pending = requestTicket({ captchaAppId })
    await settle()
    await fire('load')
    await fire('load')
    expect((await pending).errorMessage).toBe('jsload_error')
  })

  test('does not take an element with the id TencentCaptcha for the constructor', async () => {
    document.body.innerHTML = '<div id="TencentCaptcha"></div>'
    void requestTicket({ captchaAppId })
    await settle()
    expect(vendorTags()).toHaveLength(1)
  })

  test('ends at the deadline, without a second script, when a blocker fires no event', async () => {
    const pending = timed(requestTicket({ captchaAppId }))
    await jest.advanceTimersByTimeAsync(5999)
    expect(vendorTags()).toHaveLength(1)
    await jest.advanceTimersByTimeAsync(1)
    expect(await pending).toMatchObject({ elapsedMs: 6000, ticket: { fallback: true, errorCode: 1001 } })
    expect(vendorTags()).toHaveLength(0)
  })

  test('has one deadline for both tries, and starts no third after a late error', async () => {
    const pending = timed(requestTicket({ captchaAppId, loadTimeoutMs: 1000 }))
    await jest.advanceTimersByTimeAsync(900)
    await fire('error')
    const retry = lastTag()
    await jest.advanceTimersByTimeAsync(100)
    expect(await pending).toMatchObject({ elapsedMs: 1000, ticket: { errorMessage: 'jsload_timeout' } })
    retry.dispatchEvent(new Event('error'))
    await settle()
    expect(vendorTags()).toHaveLength(0)
  })

  test('loads one script for ten concurrent calls and gives ten tickets', async () => {
    const pending = Array.from({ length: 10 }, () => requestTicket({ captchaAppId }))
    await settle()
    expect(vendorTags()).toHaveLength(1)
    let count = 0
    const { challenges } = installFakeVendor({
      onShow: ({ answer }) => answer({ ...solved, ticket: `tr03${count++}` }),
    })
    await fire('load')
    const tickets = (await Promise.all(pending)).map(({ ticket }) => ticket)
    expect(new Set(tickets).size).toBe(10)
    expect(challenges.every(({ destroyed }) => destroyed)).toBe(true)
  })

  test('tries again for a later call after a failure', async () => {
    const first = requestTicket({ captchaAppId, loadTimeoutMs: 100 })
    await jest.advanceTimersByTimeAsync(100)
    expect((await first).fallback).toBe(true)
    const second = requestTicket({ captchaAppId })
    await settle()
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await fire('load')
    expect((await second).fallback).toBe(false)
  })

  test('uses a constructor that is already on the page', async () => {
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    expect((await requestTicket({ captchaAppId })).ticket).toBe('tr03abc*')
    expect(vendorTags()).toHaveLength(0)
  })

  test.each([mainlandScript, 'https://turing.captcha.qcloud.com/TCaptcha.js?v=2'])(
    'waits for a tag of the page for %s that is still loading',
    async (src) => {
      const tag = document.createElement('script')
      tag.src = src
      document.head.append(tag)
      const pending = requestTicket({ captchaAppId })
      await settle()
      expect(vendorTags()).toEqual([tag])
      installFakeVendor({ onShow: ({ answer }) => answer(solved) })
      await fire('load')
      expect((await pending).fallback).toBe(false)
    },
  )

  test('does not wait for a tag of the page that has failed', async () => {
    const tag = document.createElement('script')
    tag.src = mainlandScript
    document.head.append(tag)
    const getEntriesByName = (name: string) => (name === mainlandScript ? [{}] : [])
    Object.assign(performance, { getEntriesByName })
    void requestTicket({ captchaAppId })
    await settle()
    expect(vendorTags()).toHaveLength(2)
  })

  test('waits one deadline in all, not one for each call, for a tag of the page that failed unseen', async () => {
    const tag = document.createElement('script')
    tag.src = mainlandScript
    document.head.append(tag)
    const first = requestTicket({ captchaAppId, loadTimeoutMs: 100 })
    await jest.advanceTimersByTimeAsync(100)
    expect((await first).fallback).toBe(true)
    const second = requestTicket({ captchaAppId })
    await settle()
    expect(vendorTags()).not.toContain(tag)
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await fire('load')
    expect((await second).fallback).toBe(false)
  })

  test('shares the load with a second copy of the kit', async () => {
    const first = requestTicket({ captchaAppId })
    await settle()
    jest.resetModules()
    const copy = await import('../../lib/browser/index.js')
    expect(copy.requestTicket).not.toBe(requestTicket)
    const second = copy.requestTicket({ captchaAppId })
    await settle()
    expect(vendorTags()).toHaveLength(1)
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await fire('load')
    expect((await Promise.all([first, second])).map(({ fallback }) => fallback)).toEqual([false, false])
  })
})

describe('the challenge', () => {
  test('gets the app id as a string, and the options of the page', async () => {
    const { challenges } = installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await requestTicket({ captchaAppId, captchaOptions: { bizState: 'b', enableDarkMode: 'force', aidEncrypted: 'x' } })
    expect(challenges[0]?.args).toHaveLength(3)
    expect(challenges[0]?.args[0]).toBe('199999164')
    expect(challenges[0]?.options).toMatchObject({ bizState: 'b', enableDarkMode: 'force', aidEncrypted: 'x' })
  })

  test("uses the page's own element and keeps it", async () => {
    const element = document.body.appendChild(document.createElement('section'))
    const { challenges } = installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    await requestTicket({ captchaAppId, element, captchaOptions: { type: 'embed' } })
    expect(challenges[0]?.args[0]).toBe(element)
    expect(element.isConnected).toBe(true)
  })

  test('calls a captchaOptions function for each ticket', async () => {
    const { challenges } = installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    let minted = 0
    const options: TicketOptions = { captchaAppId, captchaOptions: async () => ({ aidEncrypted: `cipher${minted++}` }) }
    await requestTicket(options)
    await requestTicket(options)
    expect(challenges.map(({ options: { aidEncrypted } }) => aidEncrypted)).toEqual(['cipher0', 'cipher1'])
  })

  test.each([
    ['in the constructor', { onConstruct: fail }],
    ['in show()', { onShow: fail }],
  ])('reports an exception %s as a run error, not as a load error', async (_, script) => {
    installFakeVendor(script)
    expect(await requestTicket({ captchaAppId })).toMatchObject({
      ticket: 'trerror_1005_199999164_1700000000',
      errorCode: 1005,
      errorMessage: 'captcha_run_error: Error: broken',
    })
  })

  test('has showTimeoutMs to appear and is destroyed when it does not', async () => {
    const { challenges } = installFakeVendor()
    const pending = timed(requestTicket({ captchaAppId }))
    await jest.advanceTimersByTimeAsync(12_000)
    expect(await pending).toMatchObject({
      elapsedMs: 12_000,
      ticket: { ticket: 'trerror_1002_199999164_1700000012', errorCode: 1002, errorMessage: 'captcha_show_timeout' },
    })
    expect(challenges[0]?.destroyed).toBe(true)
  })

  test.each(['ready', 'showFn'] as const)(
    'has no deadline after %s reported that it is on the screen',
    async (hook) => {
      const own = jest.fn()
      const { challenges } = installFakeVendor()
      const pending = timed(requestTicket({ captchaAppId, captchaOptions: { [hook]: own } }))
      await jest.advanceTimersByTimeAsync(11_999)
      challenges[0]?.options[hook]?.({ width: 300 })
      await jest.advanceTimersByTimeAsync(3_600_000)
      challenges[0]?.answer(solved)
      expect(await pending).toMatchObject({ elapsedMs: 3_611_999, ticket: { fallback: false } })
      expect(own).toHaveBeenCalledWith({ width: 300 })
    },
  )

  test('settles once and ignores a late second callback', async () => {
    const { challenges } = installFakeVendor()
    const pending = requestTicket({ captchaAppId })
    await settle()
    challenges[0]?.answer(solved)
    challenges[0]?.answer({ ret: 0, ticket: 'terror_1006_199999164_1700000000', randstr: '@a', errorCode: 1006 })
    expect((await pending).ticket).toBe('tr03abc*')
    challenges[0]?.answer({ ret: 2 })
    await settle()
  })

  test('rejects with CaptchaCancelledError and is destroyed when the user closes it', async () => {
    const { challenges } = installFakeVendor({ onShow: ({ answer }) => answer({ ret: 2, ticket: null }) })
    const error = await requestTicket({ captchaAppId }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CaptchaCancelledError)
    expect(error).toHaveProperty('name', 'CaptchaCancelledError')
    expect(challenges[0]?.destroyed).toBe(true)
  })

  test('gives its ticket even if destroy() throws', async () => {
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    const vendor = (window as unknown as { TencentCaptcha: { prototype: { destroy(): void } } }).TencentCaptcha
    vendor.prototype.destroy = fail
    expect((await requestTicket({ captchaAppId })).fallback).toBe(false)
  })

  test('shows popups one after another, and shares a failure with the calls that wait', async () => {
    const { challenges } = installFakeVendor()
    const pending = [1, 2, 3].map(() => timed(requestTicket({ captchaAppId })))
    await jest.advanceTimersByTimeAsync(12_000)
    const answers = await Promise.all(pending)
    expect(challenges).toHaveLength(1)
    expect(answers.map(({ ticket, elapsedMs }) => [ticket.errorCode, elapsedMs])).toEqual([
      [1002, 12_000],
      [1002, 12_000],
      [1002, 12_000],
    ])
    expect(new Set(answers.map(({ ticket }) => ticket.randstr)).size).toBe(3)
    const later = requestTicket({ captchaAppId })
    await settle()
    challenges[1]?.answer(solved)
    expect((await later).fallback).toBe(false)
  })

  test('shows the next popup after a cancelled one', async () => {
    const { challenges } = installFakeVendor()
    const first = requestTicket({ captchaAppId }).catch((error: unknown) => error)
    const second = requestTicket({ captchaAppId })
    await settle()
    expect(challenges).toHaveLength(1)
    challenges[0]?.answer({ ret: 2, ticket: '', randstr: '' })
    expect(await first).toBeInstanceOf(CaptchaCancelledError)
    await settle()
    challenges[1]?.answer(solved)
    expect((await second).ticket).toBe('tr03abc*')
  })

  test('shows embedded challenges at the same time', async () => {
    const { challenges } = installFakeVendor()
    const element = document.createElement('div')
    void requestTicket({ captchaAppId, element, captchaOptions: { type: 'embed' } })
    void requestTicket({ captchaAppId, element, captchaOptions: { type: 'embed' } })
    await jest.advanceTimersByTimeAsync(100)
    expect(challenges).toHaveLength(2)
  })
})

describe('requestTicket', () => {
  const embed = { type: 'embed' } as const
  test.each<[string, unknown]>([
    ['options that are missing', undefined],
    ['an app id that is missing', {}],
    ['an app id with letters', { captchaAppId: 'abc' }],
    ['an unknown site', { captchaAppId, site: 'mars' }],
    ['a script URL that does not parse', { captchaAppId, scriptUrl: 'http://[' }],
    ['a timeout of 0', { captchaAppId, loadTimeoutMs: 0 }],
    ['an infinite timeout', { captchaAppId, loadTimeoutMs: Number.POSITIVE_INFINITY }],
    ['a timeout of another type', { captchaAppId, showTimeoutMs: 'soon' }],
    ['captchaOptions of another type', { captchaAppId, captchaOptions: 'dark' }],
    ['a hook that is not a function', { captchaAppId, captchaOptions: { ready: true } }],
    ['type embed without an element', { captchaAppId, captchaOptions: embed }],
    ['type embed without an element from a function', { captchaAppId, captchaOptions: () => embed }],
  ])('rejects %s with a TypeError, and gives no ticket', async (_, options) => {
    installFakeVendor({ onShow: ({ answer }) => answer(solved) })
    const error = await requestTicket(options as TicketOptions).catch((reason: unknown) => reason)
    expect(error).toHaveProperty('name', 'TypeError')
  })
})

function fail(): never {
  throw new Error('broken')
}
