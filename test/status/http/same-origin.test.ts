import { describe, expect, test } from '@jest/globals'
import { isHostAllowed, isSameOrigin } from '../../../lib/status/http/same-origin.js'

describe('a request comes from a page of the same origin', () => {
  test.each([
    [{ 'sec-fetch-site': 'same-origin' }, true],
    [{ 'sec-fetch-site': 'same-origin', host: 'a', origin: 'https://behind-a-proxy' }, true],
    [{ 'sec-fetch-site': 'same-site', host: 'a', origin: 'http://a' }, false],
    [{ 'sec-fetch-site': 'cross-site' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ host: 'ops.example.com', origin: 'https://ops.example.com' }, true],
    [{ host: 'OPS.example.com:8443', origin: 'https://ops.example.com:8443' }, true],
    [{ host: 'ops.example.com:8443', origin: 'https://ops.example.com' }, false],
    [{ host: 'ops.example.com', origin: 'https://evil.example' }, false],
    [{ host: 'evil.example', origin: 'https://ops.example.com' }, false],
    [{ host: 'ops.example.com', origin: 'null' }, false],
    [{ host: 'ops.example.com' }, false],
    [{ origin: 'https://ops.example.com' }, false],
    [{}, false],
  ])('%j: %s', (headers, expected) => {
    expect(isSameOrigin(headers, undefined)).toBe(expected)
  })

  test('or of a host that the operator has named, behind a proxy that rewrites Host', () => {
    const allowed = new Set(['ops.example.com'])
    expect(isSameOrigin({ host: '10.0.0.5:3000', origin: 'https://ops.example.com' }, allowed)).toBe(true)
    expect(isSameOrigin({ host: '10.0.0.5:3000', origin: 'https://evil.example' }, allowed)).toBe(false)
  })
})

describe('a Host', () => {
  test('is any without a list, and one of the list with one', () => {
    const allowed = new Set(['ops.example.com:3000'])
    expect(isHostAllowed({ host: 'evil.example' }, undefined)).toBe(true)
    expect(isHostAllowed({ host: 'Ops.Example.com:3000' }, allowed)).toBe(true)
    expect(isHostAllowed({ host: 'evil.example' }, allowed)).toBe(false)
    expect(isHostAllowed({}, allowed)).toBe(false)
  })
})
