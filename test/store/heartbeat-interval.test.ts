import { describe, expect, test } from '@jest/globals'
import { heartbeatAfterMs } from '../../lib/store/heartbeat-interval.js'

describe('the time until the next heartbeat', () => {
  test.each([
    [1, 1_000],
    [200, 1_000],
    [300, 1_500],
    [1_000, 5_000],
    [100_000, 5_000],
  ])('is, with %i processes, %i ms at least', (processes, everyMs) => {
    expect(heartbeatAfterMs(processes, 0)).toBe(everyMs)
  })

  test('is spread over a fifth more', () => {
    expect(heartbeatAfterMs(1, 0.5)).toBe(1_100)
    expect(heartbeatAfterMs(1, 1)).toBe(1_200)
  })

  test.each([Number.NaN, Number.NEGATIVE_INFINITY, -5, '7', undefined])(
    'is a second where a store counts %s processes',
    (processes) => {
      expect(heartbeatAfterMs(processes as number, 0)).toBe(1_000)
    },
  )
})
