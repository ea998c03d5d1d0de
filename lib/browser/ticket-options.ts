import { requireThat } from './require-that.js'
import type { CaptchaOptions } from './vendor-interface.js'

/** Options of {@link requestTicket}. */
export type TicketOptions = {
  /** From the CAPTCHA console: a number or its digits. The vendor gets it as a string, as its script wants. */
  captchaAppId: number | string
  /** Whose script is loaded. App ids of one site do not work on the other. Default `'mainland'`. */
  site?: 'mainland' | 'international' | undefined
  /** Address of the vendor's script, absolute or relative to the page. Default: from `site`. */
  scriptUrl?: string | undefined
  /** The page's CSP nonce, set on the script element. Default: none. */
  nonce?: string | undefined
  /** Milliseconds for loading the vendor's script, all tries together. Above 0. Default 6000. */
  loadTimeoutMs?: number | undefined
  /** Milliseconds from `show()` until the challenge is on the screen; the user's own time is unlimited. Above 0. Default 12000. */
  showTimeoutMs?: number | undefined
  /** For the vendor's constructor. A function is called for each ticket: use it for an `aidEncrypted` that must be fresh. */
  captchaOptions?: CaptchaOptions | (() => CaptchaOptions | Promise<CaptchaOptions>) | undefined
  /** Where the challenge is put with `type: 'embed'`. Default: none, or an empty element of the kit for the international script. */
  element?: HTMLElement | undefined
  /** Ends the request and closes the challenge, for example when a component goes away. Rejects with the signal's reason. */
  signal?: AbortSignal | null | undefined
}

export type TicketSettings = {
  captchaAppId: string
  site: 'mainland' | 'international'
  scriptUrl: string
  nonce: string | undefined
  loadTimeoutMs: number
  showTimeoutMs: number
  captchaOptions: CaptchaOptions | (() => CaptchaOptions | Promise<CaptchaOptions>)
  element: HTMLElement | undefined
  signal: AbortSignal | null | undefined
}

const scriptUrls = {
  mainland: 'https://turing.captcha.qcloud.com/TJCaptcha.js',
  international: 'https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js',
}

/** Throws a TypeError on everything that only the page's author can put right. */
export function readTicketOptions(options: TicketOptions): TicketSettings {
  requireThat(typeof document !== 'undefined', 'call this in a page, not while rendering on a server')
  requireThat(options, 'options are missing')
  const { site = 'mainland', nonce, loadTimeoutMs = 6000, showTimeoutMs = 12000, element, signal } = options
  const captchaAppId = String(options.captchaAppId)
  requireThat(/^\d+$/.test(captchaAppId), `captchaAppId must be digits, not ${captchaAppId}`)
  requireThat(typeof scriptUrls[site] === 'string', `site must be mainland or international, not ${site}`)
  requireThat(loadTimeoutMs > 0 && showTimeoutMs > 0, 'loadTimeoutMs and showTimeoutMs must be numbers above 0')
  const captchaOptions = options.captchaOptions ?? {}
  if (typeof captchaOptions !== 'function') checkCaptchaOptions(captchaOptions, element)
  return {
    captchaAppId,
    site,
    scriptUrl: absoluteUrl(options.scriptUrl ?? scriptUrls[site]),
    nonce,
    loadTimeoutMs,
    showTimeoutMs,
    captchaOptions,
    element,
    signal,
  }
}

function absoluteUrl(scriptUrl: string): string {
  try {
    return new URL(scriptUrl, document.baseURI).href
  } catch {
    throw new TypeError(`captcha-guard: scriptUrl must be a URL, not ${scriptUrl}`)
  }
}

export function checkCaptchaOptions(captchaOptions: CaptchaOptions, element: HTMLElement | undefined): void {
  requireThat(captchaOptions && typeof captchaOptions === 'object', 'captchaOptions must be an object')
  for (const name of ['ready', 'showFn', 'verifyFn']) {
    const hook = captchaOptions[name]
    requireThat(hook === undefined || typeof hook === 'function', `captchaOptions.${name} must be a function`)
  }
  requireThat(captchaOptions.type !== 'embed' || element, "type 'embed' needs the option element")
}
