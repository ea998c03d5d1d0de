/** Error codes that fallback tickets carry: the vendor's numbers, as far as the kit writes them or the server reads them. */
export const clientErrorCodes = {
  /** The main script did not load. The vendor's script never makes this code: the page does. */
  scriptLoadError: 1001,
  /** `show()` had no effect in time. The vendor's own limit is 20 s, the kit's is `showTimeoutMs`. */
  showTimeout: 1002,
  /** The script threw an exception, or called back with neither a ticket nor a code of four digits. */
  scriptRunError: 1005,
} as const

/**
 * Builds a fallback ticket in the standard form `trerror_{code}_{captchaAppId}_{unixSeconds}`. It is unsigned: any caller can type one.
 *
 * @param clientErrorCode four digits, as the grammar requires.
 * @param epochMs time of issue in milliseconds since 1970.
 */
export function buildFallbackTicket(clientErrorCode: number, captchaAppId: number | string, epochMs: number): string {
  return `trerror_${clientErrorCode}_${captchaAppId}_${Math.floor(epochMs / 1000)}`
}
