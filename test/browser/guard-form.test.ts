/** @jest-environment jsdom */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { type CaptchaTicket, type GuardFormOptions, guardForm } from '../../lib/browser/index.js'
import { type FakeVendor, freshPage, installFakeVendor, solved } from './fake-vendor.js'

const captchaAppId = 199999164
const refused = {
  ok: false,
  headers: new Headers(),
  clone: () => ({ json: async () => ({ code: 'captcha_invalid' }) }),
}

let vendor: FakeVendor
let form: HTMLFormElement

beforeEach(() => {
  jest.useFakeTimers()
  freshPage()
  document.body.innerHTML = '<form><input name="user" value="ann"><button name="act" value="go">Go</button></form>'
  form = element('form')
  vendor = installFakeVendor()
})
afterEach(() => {
  jest.useRealTimers()
})

function element<Name extends keyof HTMLElementTagNameMap>(selector: Name): HTMLElementTagNameMap[Name] {
  const found = document.querySelector(selector)
  if (!found) throw new Error(`no ${selector}`)
  return found
}

const settle = () => jest.advanceTimersByTimeAsync(0)

/** Collects the submissions that the page's own listener sees. */
function watchSubmissions(): string[] {
  const seen: string[] = []
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    seen.push(new URLSearchParams(new FormData(form, event.submitter) as unknown as Record<string, string>).toString())
  })
  return seen
}

async function press() {
  element('button').focus()
  element('button').click()
  await settle()
}

async function answer(result: unknown) {
  vendor.challenges.at(-1)?.answer(result)
  await settle()
}

const statusText = () => form.querySelector('[aria-live=polite]')?.textContent

describe('a form that the browser submits', () => {
  test('is submitted once, with both inputs and the button, after the challenge', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })
    await press()
    expect(seen).toEqual([])
    await answer(solved)
    expect(seen).toEqual(['user=ann&act=go&ticket=tr03abc*&randstr=%40Vki'])
  })

  test('gets a new ticket for each submission', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })
    await press()
    await answer(solved)
    await press()
    await answer({ ...solved, ticket: 'tr03next*' })
    expect(seen.map((query) => new URLSearchParams(query).get('ticket'))).toEqual(['tr03abc*', 'tr03next*'])
  })

  test('uses the field names that the server reads, and hidden inputs of the page', async () => {
    form.insertAdjacentHTML('beforeend', '<input type="hidden" name="captcha_ticket">')
    guardForm(form, { captchaAppId, ticketField: 'captcha_ticket', randstrField: 'captcha_randstr' })
    const seen = watchSubmissions()
    await press()
    await answer(solved)
    expect(seen).toEqual(['user=ann&act=go&captcha_ticket=tr03abc*&captcha_randstr=%40Vki'])
  })

  test('is busy during the challenge, ignores further presses, and then has the focus on its button', async () => {
    watchSubmissions()
    guardForm(form, { captchaAppId })
    element('button').click()
    await press()
    await press()
    expect(vendor.challenges).toHaveLength(1)
    expect(form.getAttribute('aria-busy')).toBe('true')
    expect(element('button').getAttribute('aria-disabled')).toBe('true')
    expect(element('button').disabled).toBe(false)
    expect(statusText()).toBe('Verifying…')
    element('button').blur()
    await answer(solved)
    expect(document.activeElement).toBe(element('button'))
    expect(form.getAttribute('aria-busy')).toBe('false')
    expect(element('button').getAttribute('aria-disabled')).toBe('false')
    expect(statusText()).toBe('')
  })

  test('is not submitted, and says so, when the user closes the challenge', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })
    await press()
    element('button').blur()
    await answer({ ret: 2, ticket: null })
    expect(seen).toEqual([])
    expect(statusText()).toBe('Not verified, please try again')
    expect(document.activeElement).toBe(element('button'))
    expect(form.getAttribute('aria-busy')).toBe('false')
    await press()
    await answer(solved)
    expect(seen).toHaveLength(1)
  })

  test('is submitted with a fallback ticket when the vendor is down', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })
    await press()
    await jest.advanceTimersByTimeAsync(12_000)
    expect(seen[0]).toMatch(/ticket=trerror_1002_199999164_\d{10}&/)
  })

  test('is submitted without the button when the page has replaced it', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })
    await press()
    element('button').replaceWith(Object.assign(document.createElement('button'), { name: 'act', value: 'new' }))
    await answer(solved)
    expect(seen).toHaveLength(1)
  })

  test("takes its texts from the options and from the page's own status line", async () => {
    form.insertAdjacentHTML('beforeend', '<p data-captcha-status data-failed="验证未通过"></p>')
    guardForm(form, { captchaAppId, messages: { checking: '正在验证', failed: 'x' } })
    await press()
    expect(element('p').textContent).toBe('正在验证')
    await answer({ ret: 2 })
    expect(element('p').textContent).toBe('验证未通过')
    expect(document.querySelectorAll('[data-captcha-status]')).toHaveLength(1)
  })
})

describe('a form with onTicket', () => {
  test('is sent by the page, and is busy until the promise of the page settles', async () => {
    const seen = watchSubmissions()
    let finish = () => {}
    const onTicket = jest.fn<(ticket: CaptchaTicket, submitter: HTMLElement | null) => Promise<void>>(
      () => new Promise((resolve) => (finish = resolve)),
    )
    guardForm(form, { captchaAppId, onTicket })
    await press()
    await answer(solved)
    expect(onTicket.mock.calls).toEqual([[{ ticket: 'tr03abc*', randstr: '@Vki', fallback: false }, element('button')]])
    expect(form.getAttribute('aria-busy')).toBe('true')
    finish()
    await settle()
    expect(form.getAttribute('aria-busy')).toBe('false')
    expect(seen).toEqual([])
  })

  test('shows a refusal and is ready again', async () => {
    guardForm(form, { captchaAppId, onTicket: () => refused })
    await press()
    await answer(solved)
    expect(statusText()).toBe('Not verified, please try again')
    expect(form.getAttribute('aria-busy')).toBe('false')
  })

  test('waits after captcha_unavailable, says so, and sends a new ticket', async () => {
    const busy = {
      ok: false,
      headers: new Headers({ 'retry-after': '30' }),
      clone: () => ({ json: async () => ({ code: 'captcha_unavailable' }) }),
    }
    const tickets: string[] = []
    const onWait = jest.fn()
    const onTicket = ({ ticket }: CaptchaTicket) => (tickets.push(ticket) === 1 ? busy : { ok: true })
    guardForm(form, { captchaAppId, onTicket, onWait })
    await press()
    await answer(solved)
    expect(statusText()).toBe('Busy, next try in 30 s')
    expect(onWait).toHaveBeenCalledWith(30_000, busy)
    await jest.advanceTimersByTimeAsync(30_000)
    await answer({ ...solved, ticket: 'tr03next*' })
    expect(tickets).toEqual(['tr03abc*', 'tr03next*'])
    expect(statusText()).toBe('')
  })
})

describe('a released form', () => {
  test('is submitted without a challenge', async () => {
    const seen = watchSubmissions()
    guardForm(form, { captchaAppId })()
    await press()
    expect(vendor.challenges).toHaveLength(0)
    expect(seen).toHaveLength(1)
  })

  test('is not submitted by a challenge that was on the screen', async () => {
    const seen = watchSubmissions()
    const release = guardForm(form, { captchaAppId })
    await press()
    release()
    await answer(solved)
    expect(seen).toEqual([])
  })

  test('stays guarded when it was guarded again before, and shows one challenge', async () => {
    const seen = watchSubmissions()
    const release = guardForm(form, { captchaAppId })
    guardForm(form, { captchaAppId })
    release()
    guardForm(form, { captchaAppId })
    await press()
    await answer(solved)
    expect(vendor.challenges).toHaveLength(1)
    expect(seen).toHaveLength(1)
    expect(form.querySelectorAll('[name=ticket]')).toHaveLength(1)
  })
})

describe('guardForm', () => {
  test.each<[string, () => unknown]>([
    ['a form that is missing', () => guardForm(null as never, { captchaAppId })],
    ['another element', () => guardForm(document.body as never, { captchaAppId })],
    ['options that are missing', () => guardForm(form, undefined as never)],
    ['an app id that is missing', () => guardForm(form, {} as GuardFormOptions)],
    ['an onTicket that is not a function', () => guardForm(form, { captchaAppId, onTicket: 'send' as never })],
    ['a ticket field that users fill', () => guardForm(form, { captchaAppId, ticketField: 'user' })],
  ])('throws a TypeError for %s', (_, mistake) => {
    expect(mistake).toThrow(expect.objectContaining({ name: 'TypeError' }))
  })
})

describe('a form marked in the page', () => {
  test('is guarded by the script for plain pages, once', async () => {
    form.dataset.captchaAppId = '199999164'
    form.dataset.captchaTicketField = 't'
    document.body.insertAdjacentHTML('beforeend', '<form id="plain"></form>')
    const seen = watchSubmissions()
    await import('../../lib/browser/iife.js')
    jest.resetModules()
    await import('../../lib/browser/iife.js')
    await settle()
    expect(Object.keys((window as never as { CaptchaGuard: object }).CaptchaGuard)).toEqual([
      'requestTicket',
      'guardForm',
      'guardedFetch',
      'CaptchaCancelledError',
    ])
    await press()
    await answer(solved)
    expect(vendor.challenges).toHaveLength(1)
    expect(vendor.challenges[0]?.args[0]).toBe('199999164')
    expect(seen).toEqual(['user=ann&act=go&t=tr03abc*&randstr=%40Vki'])
    expect(document.querySelector('#plain')?.childElementCount).toBe(0)
  })
})
