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
  /** Milliseconds for loading the vendor's script, all tries together. 1 or more. Default 6000. */
  loadTimeoutMs?: number | undefined
  /** Milliseconds from `show()` until the challenge is on the screen; the user's time is unlimited. 1 or more. Default 12000. */
  showTimeoutMs?: number | undefined
  /**
   * For the vendor's constructor. A function is called for each ticket: use it for an `aidEncrypted` that must be
   * fresh. It is waited for, so give its request a deadline.
   */
  captchaOptions?: CaptchaOptions | (() => CaptchaOptions | Promise<CaptchaOptions>) | undefined
  /** Where the challenge is put with `type: 'embed'`. Default: none, or an empty element of the kit for the international script. */
  element?: HTMLElement | undefined
}

export type TicketSettings = Omit<TicketOptions, 'captchaOptions'> & {
  captchaAppId: string
  site: 'mainland' | 'international'
  scriptUrl: string
  loadTimeoutMs: number
  showTimeoutMs: number
  /** Rejects on a mistake in what the page's function gave. */
  captchaOptions: () => Promise<CaptchaOptions>
}

const scriptUrls = {
  mainland: 'https://turing.captcha.qcloud.com/TJCaptcha.js',
  international: 'https://ca.turing.captcha.qcloud.com/TJNCaptcha-global.js',
}

/** Throws a TypeError on everything that only the page's author can put right. */
export function readTicketOptions(options: TicketOptions): TicketSettings {
  const {
    site = 'mainland',
    loadTimeoutMs = 6000,
    showTimeoutMs = 12000,
    captchaOptions: source = {},
    element,
  } = options
  const captchaAppId = `${options.captchaAppId}`
  requireThat(/^\d+$/.test(captchaAppId), 'captchaAppId', captchaAppId)
  requireThat(scriptUrls[site], 'site', site)
  // A timer has 31 bits: more, and Infinity, would end at once.
  requireThat((loadTimeoutMs | 0) > 0, 'loadTimeoutMs', loadTimeoutMs)
  requireThat((showTimeoutMs | 0) > 0, 'showTimeoutMs', showTimeoutMs)
  const fixed = typeof source === 'function' ? undefined : checked(source, element)
  const captchaOptions = async () => fixed ?? checked(await (source as () => CaptchaOptions)(), element)
  const scriptUrl = new URL(options.scriptUrl || scriptUrls[site], document.baseURI).href
  return { ...options, captchaAppId, site, scriptUrl, loadTimeoutMs, showTimeoutMs, captchaOptions }
}

function checked(captchaOptions: CaptchaOptions, element: HTMLElement | undefined): CaptchaOptions {
  requireThat(typeof captchaOptions === 'object', 'captchaOptions', captchaOptions)
  for (const name of ['ready', 'showFn', 'verifyFn']) {
    const hook = captchaOptions[name]
    requireThat(!hook || typeof hook === 'function', name, hook)
  }
  requireThat(captchaOptions.type !== 'embed' || element, 'element', element)
  return captchaOptions
}
