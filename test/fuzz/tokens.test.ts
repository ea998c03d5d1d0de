import { expect } from '@jest/globals'
import fc from 'fast-check'
import { fromBody, fromHeaders, fromQuery } from '../../lib/index.js'
import { readTokenByDefault } from '../../lib/read-token.js'
import { ticketClassifier } from '../../lib/tencent/classify-ticket.js'
import type { CaptchaRequest } from '../../lib/types.js'
import { fuzz } from './fuzz-cases.js'
import { captchaAppId } from './guard-under-fuzz.js'
import { hostileText, hostileValue } from './hostile-values.js'

const classify = ticketClassifier(captchaAppId)
const readers = [readTokenByDefault, fromBody(), fromHeaders(), fromQuery(), fromBody('__proto__', 'constructor')]

const fallbackLike = fc
  .tuple(
    fc.constantFrom('trerror', 'terror', 'TRERROR', 'tError', 'trerro', 'xtrerror', ' trerror', '\u0000trerror'),
    fc.constantFrom('_', '', '__', '-'),
    fc.oneof(fc.constantFrom('1001', '100', '10011', '٠٠٠١', 'abcd'), hostileText),
    fc.oneof(fc.constantFrom(`${captchaAppId}`, `${captchaAppId}0`, '', '190000002'), hostileText),
    fc.oneof(
      fc.constantFrom('_1767225600', '1767225600', '_176722560', '_1767225600_', '_1767225600_sid'),
      hostileText,
    ),
  )
  .map(([prefix, joint, code, appId, tail]) => `${prefix}${joint}${code}_${appId}${tail}`)

const tokenPart = fc.oneof({ weight: 2, arbitrary: fallbackLike }, hostileText, hostileValue)
const holder = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ ticket: tokenPart, randstr: tokenPart }, { requiredKeys: [] }) as fc.Arbitrary<unknown>,
  },
  { weight: 1, arbitrary: hostileValue },
)
const headerValue = fc.oneof(fc.constant(undefined), hostileText, fc.array(hostileText, { maxLength: 3 }), fallbackLike)

const cases = fc.record({
  body: holder,
  query: holder,
  ticketHeader: headerValue,
  randstrHeader: headerValue,
  channel: fc.constantFrom('web' as const, 'mini_program' as const),
  reader: fc.constantFrom(...readers),
})
type Case = typeof cases extends fc.Arbitrary<infer One> ? One : never

function requestOf({ body, query, ticketHeader, randstrHeader }: Case): CaptchaRequest {
  const given = Object.entries({ 'x-captcha-ticket': ticketHeader, 'x-captcha-randstr': randstrHeader })
  const sent = given.filter(([, value]) => value !== undefined)
  const lists = sent.map(([name, value]) => [name, Array.isArray(value) ? value : [value]] as const)
  return {
    body,
    query,
    headers: Object.fromEntries(lists.map(([name, values]) => [name, values.join(', ')])),
    headersDistinct: Object.fromEntries(lists),
  } as unknown as CaptchaRequest
}

/** Prefix, code of four digits, app id, seconds, perhaps an id of the session: the vendor's grammar, written once more. */
function isFallback(text: string): boolean {
  const [prefix = '', code = '', ...rest] = text.split('_')
  if (!/^tr?error$/i.test(prefix) || !/^[0-9]{4}$/.test(code)) return false
  const joined = rest.join('_')
  if (!joined.startsWith(String(captchaAppId))) return false
  const tail = joined.slice(String(captchaAppId).length)
  const [, separated, sid] = /^_([0-9]{10})(_.+)?$/s.exec(tail) ?? []
  if (separated !== undefined) return sid === undefined || (sid.length <= 129 && !sid.includes('\n'))
  return /^[0-9]{10}$/.test(tail)
}

fuzz('tokens', 'every token is missing, malformed, ordinary or a fallback ticket, by its form alone', cases, (one) => {
  const token = one.reader(requestOf(one))
  const sorted = classify(token, one.channel)
  switch (sorted.kind) {
    case 'missing':
      return expect(
        [token.ticket, token.randstr].some((part) => part === undefined || part === null || part === ''),
      ).toBe(true)
    case 'malformed':
      return
    default: {
      // Only text that was sent goes on, without the white space around it, within bounds and fit for a header of HTTP/1.
      expect(sorted.ticket).toBe((token.ticket as string).trim())
      expect([typeof sorted.randstr, sorted.ticket.length > 0]).toEqual(['string', true])
      expect([sorted.ticket.length <= 2048, sorted.randstr.length <= 256]).toEqual([true, true])
      expect(/[\p{Cc}\p{Cs}]/u.test(sorted.ticket + sorted.randstr)).toBe(false)
      expect(sorted.kind === 'fallback').toBe(isFallback(sorted.ticket))
      // Tencent is never asked about what looks like a fallback ticket and is none.
      if (sorted.kind === 'ordinary') expect(sorted.ticket).not.toMatch(/^tr?error/i)
    }
  }
})
