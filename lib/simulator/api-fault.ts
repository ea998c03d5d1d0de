/** The plain names of the faults of the API, for switchboards and command lines. */
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

export type ApiFaultName = (typeof apiFaults)[number]

/**
 * How the API misbehaves.
 *
 * The ticket is **spent** although the answer is lost or damaged by: `slow`, `hang_body`, `cut_body`, `truncated_json`,
 * `string_code`, `event_stream`, `oversized`. All other faults leave it unspent.
 *
 * - `hang`: takes the request and never answers; `hang_body`: sends the head and half of the body, then nothing.
 * - `slow`: the correct answer after 1900 ms, or after `delayMs` (0 to 600 000).
 * - `reset`: a TCP reset; `refuse`: the port is closed, and opened again on healing; `cut_body`: the connection ends in the middle of the body.
 * - `http_…`: that status with an HTML page, or with a JSON error body; `redirect`: 302 to another port, where a made-up pass waits.
 * - `truncated_json`, `not_json`, `empty_object` (`{}`), `null_response` (`{"Response":null}`), `string_code` (`"CaptchaCode":"1"`),
 *   `event_stream` (the answer as `text/event-stream`), `oversized` (the answer padded to 1 MiB): HTTP 200 with a body like that.
 * - `internal_error`, `internal_server_error`, `request_limit_exceeded`, `auth_failure` (`AuthFailure.SignatureFailure`),
 *   `unauthorized_operation` (`UnauthorizedOperation.Unauthorized`), `api_error`: an API error of that code.
 * - `system_busy`: CaptchaCode 26; `captcha_code`: any CaptchaCode, whatever the ticket.
 */
export type ApiFault =
  | ApiFaultName
  | { readonly kind: 'api_error'; readonly code: string; readonly message?: string }
  | { readonly kind: 'captcha_code'; readonly code: number }
  | { readonly kind: 'slow'; readonly delayMs: number }

/** Which calls a fault of the API hits. Without any of these: every call, until changed. */
export interface ApiFaultOptions {
  /** Only the next so many calls, then the API is healthy again. At least 1. */
  readonly next?: number
  /** A seeded share of the calls, 0 to 1. */
  readonly share?: number
  /** Seed of that share, an integer. Default: the simulator's `seed`. */
  readonly seed?: number
  /** `'ordinary'` leaves calls with fallback-format tickets (a guard's health canary) healthy; `'canary'` leaves all others healthy. */
  readonly only?: 'ordinary' | 'canary'
}

/** The fault that is on now, as plain JSON; `options.next` counts down. */
export interface ScheduledApiFault {
  readonly fault: ApiFault
  readonly options: ApiFaultOptions
}
