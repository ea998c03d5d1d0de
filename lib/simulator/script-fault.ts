/** The plain names of the faults of the script, for switchboards and command lines. */
export const scriptFaults = [
  'not_found',
  'hang',
  'refuse_connection',
  'empty',
  'constructor_throws',
  'fallback_after_show',
  'never_ready',
  'late_second_callback',
  'user_closes',
] as const

export type ScriptFaultName = (typeof scriptFaults)[number]

/**
 * How the script misbehaves. What happens inside the script is fixed when a page loads it.
 *
 * - `not_found`: HTTP 404; `hang`: never answers; `refuse_connection`: the socket is destroyed; `empty`: HTTP 200 without `window.TencentCaptcha`.
 * - `constructor_throws`: `new TencentCaptcha(…)` throws.
 * - `fallback_after_show`: after `show()` a fallback result with `ret` 0, a `terror_1006_…` ticket, `errorCode` and `errorMessage`.
 * - `error_code`: the same with a `trerror_…` ticket and that error code (1001 to 1013, 1014, 1085, or any four digits).
 * - `never_ready`: `show()` shows nothing and no callback comes.
 * - `late_second_callback`: a real pass, and 1.2 s later a 1006 fallback through the same callback.
 * - `user_closes`: the challenge appears and closes as if by the user: `ret` 2, `ticket` null.
 */
export type ScriptFault = ScriptFaultName | { readonly kind: 'error_code'; readonly errorCode: number }

/** `errorMessage` of each error code that the vendor documents or its script contains. */
export const scriptErrorMessages: Readonly<Record<number, string>> = {
  1001: 'jsload_error',
  1002: 'captcha_show_timeout',
  1003: 'framejs_load_timeout',
  1004: 'framejs_load_error',
  1005: 'framejs_run_error',
  1006: 'get_captcha_config_request_error',
  1007: 'pre_template_load_timeout',
  1008: 'iframe_load_timeout',
  1009: 'lib_jq_load_error',
  1010: 'captcha_js_load_error',
  1011: 'captcha_js_run_error',
  1012: 'refresh_error',
  1013: 'verify_error',
  1014: 'rate_limit',
  1085: 'invisible_verify_error',
}
