import { absoluteUrl } from './absolute-url.js'
import type { CaptchaOptions } from './captcha-options.js'
import { scriptUrls } from './sites.js'

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

/** What the options hold after `completeOptions`. */
type Completed = {
  captchaAppId: number | string
  site: 'mainland' | 'international'
  loadTimeoutMs: number
  showTimeoutMs: number
  captchaOptions: NonNullable<TicketOptions['captchaOptions']>
  ticketField: string
  randstrField: string
}

/** The options for one ticket, complete and checked. */
export type TicketSettings = TicketOptions & Completed & { captchaOptions: CaptchaOptions }

/** What `config.json` of `captchaAssets` holds. */
type PageConfig = Pick<TicketOptions, 'captchaAppId' | 'site' | 'scriptUrl'> & { aidEncrypted?: string | undefined }

/** Throws a TypeError that names the option. The message is short, because every page downloads it. */
export function requireThat(condition: unknown, option: string, value: unknown): asserts condition {
  if (!condition) throw new TypeError(`captcha-guard: wrong ${option}: ${value}`)
}

/** Defaults of all options of the kit. */
const defaults = {
  site: 'mainland',
  loadTimeoutMs: 6000,
  showTimeoutMs: 12_000,
  captchaOptions: {},
  ticketField: 'ticket',
  randstrField: 'randstr',
}

const isFunction = (value: unknown) => !value || typeof value === 'function'
// A timer has 31 bits: a larger number, and Infinity, would fire at once.
const isTimeout = (value: unknown) => ((value as number) | 0) > 0

const checks: Record<string, (value: unknown, options: TicketOptions) => unknown> = {
  captchaAppId: (value, { configUrl }) => /^\d+$/.test((value ?? (configUrl && 0)) as string),
  site: (value) => scriptUrls[value as 'mainland'],
  loadTimeoutMs: isTimeout,
  showTimeoutMs: isTimeout,
  onTicket: isFunction,
}

/**
 * Completes the options with `config.json`, if it is there, and with the defaults.
 *
 * @throws {TypeError} when one is wrong.
 */
export function completeOptions<Options extends TicketOptions>(options: Options, config?: PageConfig) {
  const complete: Record<string, unknown> = { ...options }
  // Templates leave '' where they have nothing.
  for (const [name, value] of Object.entries({ ...defaults, ...config }))
    if ((complete[name] ?? '') === '') complete[name] = value
  for (const [name, isRight] of Object.entries(checks))
    requireThat(isRight(complete[name], complete), name, complete[name])
  return complete as Options & Completed & PageConfig
}

/**
 * Completes the options with `config.json`, the defaults and what the function of the page returns.
 *
 * @throws {TypeError} when one is wrong.
 */
export async function readTicketOptions(options: TicketOptions): Promise<TicketSettings> {
  const settings = completeOptions(options, await readConfig(options))
  const { captchaOptions: source, aidEncrypted, element } = settings
  const captchaOptions = typeof source === 'function' ? await source() : source
  requireThat(typeof captchaOptions === 'object', 'captchaOptions', captchaOptions)
  for (const name of ['ready', 'showFn', 'verifyFn'])
    requireThat(isFunction(captchaOptions[name]), name, captchaOptions[name])
  requireThat(captchaOptions.type !== 'embed' || element, 'element', element)
  return { ...settings, captchaOptions: aidEncrypted ? { aidEncrypted, ...captchaOptions } : captchaOptions }
}

/** Resolves to the site as the options say, else `config.json`. */
export async function readSite(options: TicketOptions): Promise<TicketOptions['site']> {
  return options.site ?? (await readConfig(options))?.site
}

/** Resolves to undefined when there is no `config.json`, or it is for another app id than the options. */
async function readConfig({ configUrl, captchaAppId }: TicketOptions): Promise<PageConfig | undefined> {
  try {
    const config = configUrl && (await (await fetch(absoluteUrl(configUrl))).json())
    if (!captchaAppId || `${captchaAppId}` === `${config.captchaAppId}`) return config
  } catch (error) {
    if (!captchaAppId) throw error
  }
  return undefined
}
