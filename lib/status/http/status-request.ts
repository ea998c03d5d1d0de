import type { IncomingMessage, ServerResponse } from 'node:http'
import type { CaptchaRequest } from '../../types.js'

/** A request as Express 4 and 5 hand it over, as far as the router reads it. */
export type StatusRequest = CaptchaRequest & {
  accepts(types: readonly string[]): string | false
  acceptsLanguages(languages: readonly string[]): string | false
}

/** Whether Express has prepared the request. */
export function isExpressRequest(req: IncomingMessage): req is StatusRequest {
  return typeof (req as Partial<StatusRequest>).accepts === 'function'
}

/** Writes an answer that no cache keeps and no other site may read. */
export function send(
  res: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  res.statusCode = status
  const all = { ...neverShared, ...headers, 'Content-Length': String(Buffer.byteLength(body)) }
  for (const [name, value] of Object.entries(all)) res.setHeader(name, value)
  res.end(body)
}

/** Headers of every answer. Without `same-origin` as policy browsers would send a form's `Origin` as `null`. */
export const neverShared: Readonly<Record<string, string>> = {
  'Cache-Control': 'no-store, no-transform',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'self'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'same-origin',
  Vary: 'Accept, Accept-Language',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
}
