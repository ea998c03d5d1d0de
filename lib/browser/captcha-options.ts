/** Options of the vendor's constructor. They are passed on unchanged; the kit also listens to `ready` and `showFn`. */
export type CaptchaOptions = {
  /** Returned by the vendor in its callback. */
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
  /** `'popup'` is the vendor's default. `'embed'` needs the kit's option `element`. */
  type?: 'popup' | 'embed' | undefined
  /** The encrypted app id, the result of `encryptCaptchaAppId` on the server. */
  aidEncrypted?: string | undefined
  /** The mode of AES-256 in `aidEncrypted`. The vendor's default is `'cbc'`. */
  aidEncryptedType?: 'cbc' | 'gcm' | undefined
  /** The additional authenticated data of `'gcm'`, in Base64. */
  aidEncryptedAad?: string | undefined
  /** Called when the challenge is on the screen, with its size. */
  ready?: ((size: unknown) => void) | undefined
  /** Called when the challenge is on the screen, with `duration` in milliseconds and `sid`. */
  showFn?: ((info: unknown) => void) | undefined
  /** Called after each attempt of the user, with `pass` and `sid`. */
  verifyFn?: ((info: unknown) => void) | undefined
  [name: string]: unknown
}
