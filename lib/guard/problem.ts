import { type PublicCode, type RefusalReason, refusalTable } from '../admission/cause-table.js'

/** Seconds a page should wait before it tries again: 20 to 40, so that pages refused in one moment do not come back in one. */
function retryAfterSeconds(): number {
  return 20 + Math.floor(21 * Math.random())
}

const titles: Readonly<Record<PublicCode, string>> = {
  captcha_required: 'A CAPTCHA is required',
  captcha_invalid: 'The CAPTCHA was not accepted',
  captcha_expired: 'The CAPTCHA has expired or was used before',
  captcha_unavailable: 'The CAPTCHA cannot be checked right now',
}

/** An HTTP answer of RFC 9457 shape. */
export interface Problem {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

/** The public answer to a refusal (RFC 9457). It says nothing about degradation, rules or purses: attackers read it as well. */
export function refusalProblem(reason: RefusalReason): Problem {
  const { status, code, retryAfter } = refusalTable[reason]
  return Object.freeze({
    status,
    // Not frozen: frameworks add to the headers that they are given.
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(retryAfter && { 'Retry-After': String(retryAfterSeconds()) }),
    },
    body: JSON.stringify({ type: `urn:tencent-captcha-guard:${code}`, title: titles[code], status, code }),
  })
}
