import { scriptUrls } from '../tencent/hosts.js'
import type { CaptchaOptions } from './captcha-options.js'

/** Options of {@link requestTicket}. */
export type TicketOptions = {
  /** From the CAPTCHA console: a number or its digits. Required unless `configUrl` is given. */
  captchaAppId?: number | string | undefined
  /**
   * URL of the `config.json` of `captchaAssets`, absolute or relative to the page's address. It is fetched for each ticket and gives
   * `captchaAppId`, `site`, `scriptUrl` and a fresh `aidEncrypted`, unless the options hold another `captchaAppId`. When it cannot be
   * fetched the options alone count. Default: none.
   */
  configUrl?: string | undefined
  /** The Tencent Cloud site that the app id belongs to; its script is loaded. Default `'mainland'`. */
  site?: 'mainland' | 'international' | undefined
  /** URL of the vendor's script, absolute or relative to the page's address, whatever its `<base>` is. Default: from `site`. */
  scriptUrl?: string | undefined
  /** The page's CSP nonce, set on the script element. Default: none. */
  nonce?: string | undefined
  /** Milliseconds to load the vendor's script, all tries together. From 1 to 2147483647. Default 6000. */
  loadTimeoutMs?: number | undefined
  /**
   * Milliseconds from `show()` until the challenge, or the checkbox of the international script, is on the screen; the user's time is
   * unlimited, and so is the time of a page in the background. From 1 to 2147483647. Default 12000.
   */
  showTimeoutMs?: number | undefined
  /**
   * Options of the vendor's constructor, or a function that returns them or a promise of them. The function is called for each
   * ticket, which suits an `aidEncrypted` that must be fresh. The kit waits for it without a deadline. Default: none.
   */
  captchaOptions?: CaptchaOptions | (() => CaptchaOptions | Promise<CaptchaOptions>) | undefined
  /**
   * The element for a challenge with `type: 'embed'`, and for the checkbox of the international script, which `requestTicket` and
   * `guardedFetch` need there. Default: none.
   */
  element?: HTMLElement | undefined
  /** Removes the challenge from the screen when it is aborted; that counts as closed by the user. Default: none. */
  signal?: AbortSignal | undefined
}

/** The options with defaults, checked. */
export type TicketSettings = Omit<TicketOptions, 'captchaOptions'> & {
  captchaAppId: string
  site: 'mainland' | 'international'
  scriptUrl: string
  loadTimeoutMs: number
  showTimeoutMs: number
  captchaOptions: CaptchaOptions
}

/** Throws a TypeError that names the option. The message is short, because every page downloads it. */
export function requireThat(condition: unknown, option: string, value: unknown): asserts condition {
  if (!condition) throw new TypeError(`captcha-guard: wrong ${option}: ${value}`)
}

/**
 * Completes the options with defaults.
 *
 * @throws {TypeError} when one is wrong.
 */
export function checkTicketOptions(options: TicketOptions) {
  const { captchaAppId, configUrl, site = 'mainland', loadTimeoutMs = 6000, showTimeoutMs = 12000 } = options
  requireThat(
    /^\d+$/.test(`${captchaAppId}`) || (configUrl && captchaAppId === undefined),
    'captchaAppId',
    captchaAppId,
  )
  requireThat(scriptUrls[site], 'site', site)
  // A timer has 31 bits: a larger number, and Infinity, would fire at once.
  requireThat((loadTimeoutMs | 0) > 0, 'loadTimeoutMs', loadTimeoutMs)
  requireThat((showTimeoutMs | 0) > 0, 'showTimeoutMs', showTimeoutMs)
  const { captchaOptions: source = {} } = options
  if (typeof source !== 'function') checkCaptchaOptions(source, options)
  return { ...options, captchaAppId: `${captchaAppId}`, site, loadTimeoutMs, showTimeoutMs, source }
}

/**
 * Completes the options with `config.json` and with what the function of the page returns, and checks them.
 *
 * @throws {TypeError} when one is wrong.
 */
export async function readTicketOptions(options: TicketOptions): Promise<TicketSettings> {
  const { aidEncrypted, ...complete } = await withConfig(options)
  const settings = checkTicketOptions(complete)
  const { source, site, scriptUrl } = settings
  const given = typeof source === 'function' ? await source() : source
  checkCaptchaOptions(given, options)
  const captchaOptions = aidEncrypted ? { aidEncrypted, ...given } : given
  // Not the page's base address: markup that sanitizers let by can set that.
  return {
    ...settings,
    captchaOptions,
    scriptUrl: new URL(scriptUrl || scriptUrls[site], document.location.href).href,
  }
}

/** Resolves to the site as the options say, else `config.json`. */
export async function readSite(options: TicketOptions): Promise<TicketSettings['site'] | undefined> {
  return options.site ?? (await withConfig(options)).site
}

/** What `config.json` of `captchaAssets` holds. */
type PageConfig = Pick<TicketOptions, 'captchaAppId' | 'site' | 'scriptUrl'> & { aidEncrypted?: string }

async function withConfig(options: TicketOptions): Promise<TicketOptions & PageConfig> {
  const { configUrl, captchaAppId, site, scriptUrl } = options
  if (!configUrl) return options
  try {
    const response = await fetch(new URL(configUrl, document.location.href))
    const config: PageConfig = await response.json()
    if (`${captchaAppId ?? config.captchaAppId}` === `${config.captchaAppId}`)
      return { ...options, ...config, site: site ?? config.site, scriptUrl: scriptUrl || config.scriptUrl }
  } catch (error) {
    if (captchaAppId === undefined) throw error
  }
  return options
}

function checkCaptchaOptions(captchaOptions: CaptchaOptions, { element }: TicketOptions): void {
  requireThat(typeof captchaOptions === 'object', 'captchaOptions', captchaOptions)
  for (const name of ['ready', 'showFn', 'verifyFn']) {
    const hook = captchaOptions[name]
    requireThat(!hook || typeof hook === 'function', name, hook)
  }
  requireThat(captchaOptions.type !== 'embed' || element, 'element', element)
}
