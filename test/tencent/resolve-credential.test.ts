import { describe, expect, jest, test } from '@jest/globals'
import { resolveCredential } from '../../lib/tencent/resolve-credential.js'
import type { DynamicCredential } from '../../lib/types.js'

const keys = { secretId: 'AKID', secretKey: 'KEY' }

function returning(value: unknown): DynamicCredential {
  return { getCredential: async () => value as never }
}

describe('the keys for a call', () => {
  test('are fetched each time, as a method of the provider', async () => {
    const getCredential = jest.fn(async function (this: { count: number }) {
      this.count++
      return keys
    })
    const provider = { count: 0, getCredential }
    await resolveCredential(provider)
    await resolveCredential(provider)
    expect(provider.count).toBe(2)
  })

  test.each([undefined, null, ''])('have no token where it is %p', async (token) => {
    expect(await resolveCredential(returning({ ...keys, token }))).toEqual({ kind: 'credential', credential: keys })
  })

  test('have a temporary token, and nothing else that came along', async () => {
    const temporary = { ...keys, token: 'TOKEN' }
    const result = await resolveCredential(returning({ ...temporary, expiredTime: 5 }))
    expect(result).toEqual({ kind: 'credential', credential: temporary })
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
  ])('are a failure, not an exception, where the provider returns %s', async (_, value) => {
    const result = await resolveCredential(returning(value))
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
    expect(await resolveCredential({ getCredential })).toEqual({ kind: 'failed', problem: 'getCredential() rejected' })
  })
})
