import { scriptUrls } from '../tencent/hosts.js'
import type { CaptchaOptions } from './captcha-script.js'

/** Options of {@link requestTicket}. */
export type TicketOptions = {
  /** From the CAPTCHA console: a number or its digits. */
  captchaAppId: number | string
  /** The Tencent Cloud site that the app id belongs to; its script is loaded. Default `'mainland'`. */
  site?: 'mainland' | 'international' | undefined
  /** URL of the vendor's script, absolute or relative to the page. Default: from `site`. */
  scriptUrl?: string | undefined
  /** The page's CSP nonce, set on the script element. Default: none. */
  nonce?: string | undefined
  /** Milliseconds to load the vendor's script, all tries together. From 1 to 2147483647. Default 6000. */
  loadTimeoutMs?: number | undefined
  /**
   * Milliseconds from `show()` until the challenge is on the screen; the user's time is unlimited. From 1 to 2147483647.
   * Default 12000.
   */
  showTimeoutMs?: number | undefined
  /**
   * Options of the vendor's constructor, or a function that returns them or a promise of them. The function is called for each
   * ticket, which suits an `aidEncrypted` that must be fresh. The kit waits for it without a deadline. Default: none.
   */
  captchaOptions?: CaptchaOptions | (() => CaptchaOptions | Promise<CaptchaOptions>) | undefined
  /** The element for a challenge with `type: 'embed'`. Default: none, or an empty element of the kit for the international script. */
  element?: HTMLElement | undefined
}

/** The options with defaults, checked. */
export type TicketSettings = Omit<TicketOptions, 'captchaOptions'> & {
  captchaAppId: string
  site: 'mainland' | 'international'
  scriptUrl: string
  loadTimeoutMs: number
  showTimeoutMs: number
  /** Rejects with a TypeError when the page's function gives wrong options. */
  captchaOptions: () => Promise<CaptchaOptions>
}

/** Throws a TypeError that names the option. The message is short, because every page downloads it. */
export function requireThat(condition: unknown, option: string, value: unknown): asserts condition {
  if (!condition) throw new TypeError(`captcha-guard: wrong ${option}: ${value}`)
}

/**
 * Checks the options and completes them.
 *
 * @throws {TypeError} when an option is wrong.
 */
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
  // A timer has 31 bits: a larger number, and Infinity, would fire at once.
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
