import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { withSignal } from '../../../lib/tencent/credentials/with-signal.js'

describe('a deadline with a signal', () => {
  beforeEach(() => {
    jest.useFakeTimers()
  })
  afterEach(() => {
    jest.useRealTimers()
  })

  test('aborts at its end, and not before', async () => {
    let seen: AbortSignal | undefined
    const result = withSignal(3000, (signal) => {
      seen = signal
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve('aborted')))
    })
    jest.advanceTimersByTime(2999)
    expect(seen?.aborted).toBe(false)
    jest.advanceTimersByTime(1)
    expect(await result).toBe('aborted')
  })

  test.each([
    ['resolves', () => Promise.resolve('keys')],
    ['rejects', () => Promise.reject(new Error('no keys'))],
  ])('leaves no timer where what it runs %s', async (_, run) => {
    await withSignal<string>(3000, run).catch(() => {})
    expect(jest.getTimerCount()).toBe(0)
  })
})
