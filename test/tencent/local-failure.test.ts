import { describe, expect, test } from '@jest/globals'
import { localCodeOf } from '../../lib/tencent/local-failure.js'

const attempt = (code: string, address?: string) =>
  Object.assign(new Error(code), { code, ...(address && { address }) })
const attempts = (...errors: ReturnType<typeof attempt>[]) =>
  Object.assign(new Error('all failed'), { code: errors[0]?.code ?? '', errors })

const ipv4 = '192.0.2.1'
const ipv6 = '2001:db8::1'

describe('a failure to connect', () => {
  test.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])('with %s is local', (code) => {
    expect(localCodeOf(attempt(code, ipv4))).toBe(code)
    expect(localCodeOf(attempt(code, ipv6))).toBe(code)
  })

  test.each(['ECONNREFUSED', 'ECONNRESET', 'ENETUNREACH', 'EHOSTUNREACH', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOTFOUND'])(
    'with %s is not',
    (code) => {
      expect(localCodeOf(attempt(code, ipv4))).toBeUndefined()
    },
  )
})

describe('several addresses that failed', () => {
  test('are a local failure where one attempt was, whatever the others say', () => {
    expect(localCodeOf(attempts(attempt('ENETUNREACH', ipv6), attempt('EADDRNOTAVAIL', ipv4)))).toBe('EADDRNOTAVAIL')
    expect(localCodeOf(attempts(attempt('ETIMEDOUT', ipv6), attempt('EMFILE', ipv4)))).toBe('EMFILE')
    expect(localCodeOf(attempts(attempt('ENOBUFS', ipv6), attempt('ECONNREFUSED', ipv4)))).toBe('ENOBUFS')
  })

  test('are a local failure where an attempt got no address to try', () => {
    for (const code of ['EMFILE', 'EADDRNOTAVAIL']) {
      expect(localCodeOf(attempts(attempt(code), attempt('ECONNREFUSED', ipv4)))).toBe(code)
    }
  })

  test('are none where a machine without IPv6 could not use those addresses', () => {
    expect(localCodeOf(attempts(attempt('EADDRNOTAVAIL', ipv6), attempt('ECONNREFUSED', ipv4)))).toBeUndefined()
    expect(localCodeOf(attempts(attempt('EADDRNOTAVAIL', ipv6), attempt('EADDRNOTAVAIL', ipv6)))).toBe('EADDRNOTAVAIL')
  })
})
