import { describe, expect, jest, test } from '@jest/globals'
import { CredentialError, readCredential } from '../../../lib/tencent/credentials/read-credential.js'
import type { DynamicCredential } from '../../../lib/types.js'

const keys = { secretId: 'AKID', secretKey: 'KEY' }

function returning(value: unknown): DynamicCredential {
  return { getCredential: async () => value as never }
}

describe('the keys of a provider', () => {
  test('are read by a method call of the provider', async () => {
    const getCredential = jest.fn(async function (this: { count: number }) {
      this.count++
      return keys
    })
    const provider = { count: 0, getCredential }
    await readCredential(provider)
    await readCredential(provider)
    expect(provider.count).toBe(2)
  })

  test('are none where one of them is a promise, whose rejection stays handled', async () => {
    const unhandled: unknown[] = []
    const note = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', note)
    const secretKey = Promise.reject(new Error('late'))
    expect(await readCredential(returning({ secretId: 'AKID', secretKey }))).toMatchObject({ kind: 'failed' })
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })

  test.each([undefined, null, ''])('have no token where it is %p', async (token) => {
    expect(await readCredential(returning({ ...keys, token }))).toEqual({
      kind: 'credential',
      credential: keys,
      expiresAtMs: undefined,
    })
  })

  test('have a temporary token, and nothing else that came along', async () => {
    const temporary = { ...keys, token: 'TOKEN' }
    const result = await readCredential(returning({ ...temporary, expiredTime: 5 }))
    expect(result).toEqual({ kind: 'credential', credential: temporary, expiresAtMs: undefined })
  })

  test.each([
    [undefined, undefined],
    [null, undefined],
    [1_700_000_000_000, 1_700_000_000_000],
    [253_402_300_799_999, 253_402_300_799_999],
    // Nanoseconds, and a number that stands for never: no `Date` holds them.
    [1_700_000_000_000_000_000, undefined],
    [Number.MAX_SAFE_INTEGER, undefined],
  ])('have the expiry %p as %p', async (expiresAtMs, expected) => {
    expect(await readCredential(returning({ ...keys, expiresAtMs }))).toMatchObject({ expiresAtMs: expected })
  })

  test('are a failure whatever the provider throws: an object without a text ends no process', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    const mute = Object.defineProperty(new CredentialError(), 'message', { value: { text: 'KEY-hidden' } })
    const throwing = Object.defineProperty(new CredentialError(), 'message', {
      get() {
        throw undefined
      },
    })
    for (const thrown of [proxy, mute, throwing, undefined]) {
      const result = await readCredential({ getCredential: () => Promise.reject(thrown) })
      expect(result).toEqual({ kind: 'failed', problem: expect.any(String) })
    }
  })

  test('are a failure with its own words where the provider is one of this package', async () => {
    const getCredential = () => Promise.reject(new CredentialError('the metadata service answered HTTP 404'))
    expect(await readCredential({ getCredential })).toEqual({
      kind: 'failed',
      problem: 'the metadata service answered HTTP 404',
    })
  })

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'KEY-hidden'],
    ['no keys', {}],
    ['half of them', { secretId: 'AKID' }],
    ['an empty one', { ...keys, secretKey: '' }],
    ['a key with a line break', { ...keys, secretId: 'AKID\r\nX: KEY-hidden' }],
    ['a key beyond ASCII', { ...keys, secretKey: 'KEY-hidden-ключ' }],
    ['a number', { ...keys, secretKey: 5 }],
    ['a token with a line break', { ...keys, token: 'KEY-hidden\n' }],
    ['a token that is an object', { ...keys, token: { value: 'KEY-hidden' } }],
    ['an expiry that is text', { ...keys, expiresAtMs: '2026-01-01' }],
    ['an expiry that is no number', { ...keys, expiresAtMs: Number.NaN }],
  ])('are a failure, not an exception, where the provider returns %s', async (_, value) => {
    const result = await readCredential(returning(value))
    expect(result.kind).toBe('failed')
    expect(JSON.stringify(result)).not.toContain('KEY-hidden')
  })

  test.each([
    ['rejects', () => Promise.reject(new Error('KEY-hidden'))],
    [
      'throws',
      () => {
        throw new Error('KEY-hidden')
      },
    ],
  ])('are a failure that quotes nothing where the provider %s', async (_, getCredential) => {
    expect(await readCredential({ getCredential })).toEqual({ kind: 'failed', problem: 'getCredential() rejected' })
  })
})
