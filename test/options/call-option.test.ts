import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { callOption } from '../../lib/options/call-option.js'

type Then = (done: (value: unknown) => void, fail: (reason: unknown) => void) => void

/** A thenable of another library. */
function withThen(value: object, then: Then): object {
  return Object.defineProperty(value, 'then', { value: then })
}

const rejecting = async () => Promise.reject(new Error('late'))

const message = 'tencent-captcha-guard: option `userIp` returned a promise; it must return its value directly.'

const request = {}

describe('callOption', () => {
  const unhandled: unknown[] = []
  const record = (reason: unknown) => unhandled.push(reason)

  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', record)
  })

  afterEach(() => {
    process.off('unhandledRejection', record)
  })

  test.each([['203.0.113.7'], [7], [undefined], [null], [false], [Object.fromEntries([['then', 5]])], [() => {}]])(
    'returns %p as the function returned it',
    (value) => {
      expect(callOption('userIp', () => value, request)).toBe(value)
    },
  )

  test('gives the function what it is to be given', () => {
    expect(callOption('userIp', (given: object) => [given], request)).toEqual([request])
  })

  test('lets through what the function throws', () => {
    const error = new Error('of the application')
    const call = () =>
      callOption(
        'userIp',
        () => {
          throw error
        },
        request,
      )
    expect(call).toThrow(error)
  })

  test.each<[string, () => unknown]>([
    ['a promise', async () => '203.0.113.7'],
    ['a promise that rejects', async () => Promise.reject(new Error('late'))],
    ['an object with a promise in it', () => ({ ticket: 'a', randstr: Promise.resolve('b') })],
    ['an object with promises that reject', () => ({ ticket: rejecting(), randstr: rejecting() })],
    ['a thenable', () => withThen({}, (done) => done('203.0.113.7'))],
    ['a thenable that rejects', () => withThen({}, (_, fail) => fail(new Error('late')))],
    ['a thenable whose then throws', () => withThen({}, () => JSON.parse('?'))],
    [
      'a function with then',
      () =>
        withThen(
          () => {},
          () => {},
        ),
    ],
  ])('throws a TypeError that names the option for %s, and leaves no rejection unhandled', async (_, returns) => {
    expect(() => callOption('userIp', returns, request)).toThrow(new TypeError(message))
    // A rejection that is not handled is told once the microtasks are over.
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  })
})
