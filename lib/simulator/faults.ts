/** Names of the faults of the API that need no parameter, for switchboards and command lines. */
export const apiFaults = [
  'hang',
  'hang_body',
  'slow',
  'reset',
  'refuse',
  'http_500_html',
  'http_502_html',
  'http_503_html',
  'http_500_json',
  'http_502_json',
  'http_503_json',
  'redirect',
  'truncated_json',
  'cut_body',
  'not_json',
  'empty_object',
  'null_response',
  'string_code',
  'event_stream',
  'oversized',
  'internal_error',
  'internal_server_error',
  'system_busy',
  'request_limit_exceeded',
  'auth_failure',
  'unauthorized_operation',
] as const

/** {@link apiFaults} as a type. */
export type ApiFaultName = (typeof apiFaults)[number]

/**
 * What goes wrong in the API.
 *
 * These faults **spend** the ticket although the answer is lost or damaged: `slow`, `hang_body`, `cut_body`, `truncated_json`,
 * `string_code`, `event_stream`, `oversized`. All others leave it unspent.
 *
 * - `hang`: reads the request and never answers; `hang_body`: sends the head and half of the body, then nothing.
 * - `slow`: the correct answer after 1900 ms, or after `delayMs` (0 to 600 000).
 * - `reset`: a TCP reset; `refuse`: the port is closed, and opened again on healing; `cut_body`: the connection ends in the middle of the body.
 * - `http_…`: that status with an HTML page, or with a JSON error body; `redirect`: 302 to another port, which answers with an unearned pass.
 * - `truncated_json`, `not_json`, `empty_object` (`{}`), `null_response` (`{"Response":null}`), `string_code` (`"CaptchaCode":"1"`),
 *   `event_stream` (the answer as `text/event-stream`), `oversized` (the answer padded to 1 MiB): HTTP 200 with a body like that.
 * - `internal_error`, `internal_server_error`, `request_limit_exceeded`, `auth_failure` (`AuthFailure.SignatureFailure`),
 *   `unauthorized_operation` (`UnauthorizedOperation.Unauthorized`), `api_error`: an API error of that code.
 * - `system_busy`: CaptchaCode 26; `captcha_code`: any CaptchaCode, for every ticket.
 */
export type ApiFault =
  | ApiFaultName
  | { readonly kind: 'api_error'; readonly code: string; readonly message?: string }
  | { readonly kind: 'captcha_code'; readonly code: number }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** Which calls a fault of the API hits. Default: every call, until the fault is changed. */
export interface ApiFaultOptions {
  /** Number of calls that are hit before the API is healthy again, an integer from 1. */
  readonly next?: number
  /** Share of the calls that is hit, 0 to 1, chosen by a seeded generator. */
  readonly share?: number
  /** Seed of that generator, an integer. Default: the simulator's `seed`. */
  readonly seed?: number
  /** `'ordinary'` leaves calls with fallback-format tickets (a guard's health canary) healthy; `'canary'` leaves all others healthy. */
  readonly only?: 'ordinary' | 'canary'
}

/** The fault of the API that is on, as plain JSON; `options.next` counts down. */
export interface ScheduledApiFault {
  readonly fault: ApiFault
  readonly options: ApiFaultOptions
}

/** Names of the faults of the script that need no parameter, for switchboards and command lines. */
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

/** {@link scriptFaults} as a type. */
export type ScriptFaultName = (typeof scriptFaults)[number]

/**
 * What goes wrong with the script. A page keeps the faults inside the script that were on when it loaded it.
 *
 * - `not_found`: HTTP 404; `hang`: never answers; `refuse_connection`: the socket is destroyed; `empty`: HTTP 200 without `window.TencentCaptcha`.
 * - `constructor_throws`: `new TencentCaptcha(…)` throws.
 * - `fallback_after_show`: after `show()` a fallback result with `ret` 0, a `terror_1006_…` ticket, `errorCode` and `errorMessage`.
 * - `error_code`: the same with a `trerror_…` ticket and that error code (1001 to 1013, 1014, 1085, or any four digits).
 * - `never_ready`: `show()` shows nothing (the international script: no checkbox) and no callback comes.
 * - `late_second_callback`: a real pass, and 1.2 s later a 1006 fallback through the same callback.
 * - `user_closes`: the challenge appears and closes as if by the user: `ret` 2, `ticket` null.
 *
 * They hold for the scripts of both sites.
 */
export type ScriptFault = ScriptFaultName | { readonly kind: 'error_code'; readonly errorCode: number }

/** Names of the faults of the credential services that need no parameter. */
export const credentialFaults = ['down', 'hang', 'garbage', 'denied', 'expired_keys'] as const

/** {@link credentialFaults} as a type. */
export type CredentialFaultName = (typeof credentialFaults)[number]

/**
 * What goes wrong where temporary keys come from: the metadata service and STS alike.
 *
 * - `down`: the connection is destroyed; `hang`: reads the request and never answers; `garbage`: HTTP 200 with a body that is no JSON.
 * - `denied`: the metadata service answers HTTP 404, STS `AuthFailure.UnauthorizedOperation`.
 * - `expired_keys`: keys whose `ExpiredTime` is a minute ago.
 * - `short_lived_keys`: keys that expire after `lifetimeSeconds` (1 to 43200) instead of two hours.
 */
export type CredentialFault =
  | CredentialFaultName
  | { readonly kind: 'short_lived_keys'; readonly lifetimeSeconds: number }

/** What the simulator tells a page's copy of the script, as JSON. */
export interface ScriptParameters {
  /** Where the script fetches tickets when the browser does not tell where it was loaded from. */
  readonly origin: string
  readonly fault: ScriptFault | null
  /** Whose script it is: the international one renders a checkbox in an element of the page. */
  readonly site: 'mainland' | 'international'
}
