import { describe, expect, test } from '@jest/globals'
import { choosePurse } from '../../lib/admission/admit.js'
import { ticketClassifier } from '../../lib/tencent/classify-ticket.js'
import { buildFallbackTicket, clientErrorCodes } from '../../lib/tencent/fallback-ticket.js'

describe('a built fallback ticket', () => {
  test('has the standard form, with the time cut to seconds', () => {
    expect(buildFallbackTicket(1001, 199999164, 1_700_000_000_999)).toBe('trerror_1001_199999164_1700000000')
  })

  test.each([
    ['scriptLoadError', 1001],
    ['showTimeout', 1002],
    ['scriptRunError', 1005],
  ] as const)('with the code %s is read back by the server as %d', (name, clientErrorCode) => {
    const ticket = buildFallbackTicket(clientErrorCodes[name], '199999164', 1_700_000_000_000)
    expect(ticketClassifier(199999164)({ ticket, randstr: '@a' }, 'web')).toMatchObject({
      kind: 'fallback',
      clientErrorCode,
      issuedAtSeconds: 1_700_000_000,
    })
  })

  test("draws on the doubt purse in an outage only with the code of the vendor's rate limit", () => {
    expect(choosePurse('client_fallback', 'outage', 1014)).toBe('doubt')
    for (const code of Object.values(clientErrorCodes))
      expect(choosePurse('client_fallback', 'outage', code)).toBe('outage')
  })
})
