import type { VendorResult } from './vendor-result.js'

/** One challenge of the vendor's script. */
export type TencentCaptchaInstance = {
  show(): void
  destroy?(): void
}

/**
 * The constructor that the vendor's script puts on `window`. The app id must be a string: the script throws on a number.
 * The form with an element first is what `type: 'embed'` and the international script need.
 */
export type TencentCaptchaConstructor = {
  new (captchaAppId: string, callback: (result: VendorResult) => void, options: CaptchaOptions): TencentCaptchaInstance
  new (
    element: HTMLElement,
    captchaAppId: string,
    callback: (result: VendorResult) => void,
    options: CaptchaOptions,
  ): TencentCaptchaInstance
}

/** What the vendor's constructor takes; handed through unchanged, except that `ready` and `showFn` are also listened to. */
export type CaptchaOptions = {
  /** Handed back by the vendor in its callback. */
  bizState?: unknown
  /** `true` follows the system, `'force'` is always dark. */
  enableDarkMode?: boolean | 'force' | undefined
  /** Size of the loading box in a native WebView, in pixels. */
  sdkOpts?: { width: number; height: number } | undefined
  /** `false` hides the help link; a string is its address. */
  needFeedBack?: boolean | string | undefined
  /** Whether a loading box is shown. */
  loading?: boolean | undefined
  /** For example `'zh-cn'`, `'zh-tw'` or `'en'`. */
  userLanguage?: string | undefined
  /** `'popup'` is the vendor's default. `'embed'` needs the option `element` of the kit. */
  type?: 'popup' | 'embed' | undefined
  /** The encrypted app id, as `encryptCaptchaAppId` makes it on the server. */
  aidEncrypted?: string | undefined
  aidEncryptedType?: 'cbc' | 'gcm' | undefined
  /** Base64. */
  aidEncryptedAad?: string | undefined
  /** Called when the challenge is on the screen, with its size. */
  ready?: ((size: unknown) => void) | undefined
  /** Called when the challenge is on the screen, with `duration` in milliseconds and `sid`. */
  showFn?: ((info: unknown) => void) | undefined
  /** Called after each attempt of the user, with `pass` and `sid`. */
  verifyFn?: ((info: unknown) => void) | undefined
  [name: string]: unknown
}

export function findTencentCaptcha(): TencentCaptchaConstructor | undefined {
  // An element with id="TencentCaptcha" appears under the same name on `window`.
  const found = (window as { TencentCaptcha?: unknown }).TencentCaptcha
  return typeof found === 'function' ? (found as TencentCaptchaConstructor) : undefined
}
