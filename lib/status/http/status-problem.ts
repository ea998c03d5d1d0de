import type { ServerResponse } from 'node:http'
import { send } from './status-request.js'

const problems = {
  forbidden: [403, 'You may not see the CAPTCHA status'],
  cross_origin: [403, 'The override is set from this page’s own origin only'],
  wrong_host: [421, 'This host name is not served here'],
  not_acceptable: [406, 'There is a page, JSON and an event stream'],
  method_not_allowed: [405, 'This method is not served here'],
  too_many_streams: [503, 'Too many event streams are open'],
  body_too_large: [413, 'The body is larger than 8 KiB'],
  unsupported_body: [415, 'The body must be a form or JSON'],
  malformed_body: [400, 'The body is no JSON object'],
  invalid_override: [400, 'The override was not set'],
} as const

/** Why the router refuses a request. */
export type StatusProblem = keyof typeof problems

/** Answers with problem+json (RFC 9457). */
export function sendProblem(
  res: ServerResponse,
  code: StatusProblem,
  more: { readonly detail?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): void {
  const [status, title] = problems[code]
  const { detail, headers } = more
  const body = { type: `urn:tencent-captcha-guard:status:${code}`, title, status, code, ...(detail && { detail }) }
  send(res, status, { 'Content-Type': 'application/problem+json', ...headers }, JSON.stringify(body))
}
