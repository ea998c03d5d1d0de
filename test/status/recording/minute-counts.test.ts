import { describe, expect, test } from '@jest/globals'
import { columnKeys } from '../../../lib/status/recording/columns.js'
import { MinuteCounts, minutesKept } from '../../../lib/status/recording/minute-counts.js'

const start = 29_000_000

describe('the counts of the last 60 minutes', () => {
  test('hold each column by minute, the newest last', () => {
    const counts = new MinuteCounts(start)
    counts.add('verified', start)
    counts.add('verified', start + 1)
    counts.add('verified', start + 1)
    counts.add('timeout', start + 2)
    const { verified, timeout, ...others } = counts.read(start + 2)
    expect(verified?.slice(-3)).toEqual([1, 2, 0])
    expect(timeout?.slice(-3)).toEqual([0, 0, 1])
    expect(verified).toHaveLength(minutesKept)
    expect(others).toEqual({})
  })

  test('forget what is older than an hour, also after a quiet one', () => {
    const counts = new MinuteCounts(start)
    counts.add('verified', start)
    expect(counts.read(start + 59).verified?.[0]).toBe(1)
    expect(counts.read(start + 60)).toEqual({})
    counts.add('timeout', start + 61)
    expect(counts.read(start + 10_000)).toEqual({})
  })

  test('count in the newest minute where time seems to go back', () => {
    const counts = new MinuteCounts(start + 5)
    counts.add('verified', start)
    expect(counts.read(start + 5).verified?.at(-1)).toBe(1)
  })

  test('ignore a column that does not exist', () => {
    const counts = new MinuteCounts(start)
    counts.add('no_such_reason', start)
    expect(counts.read(start)).toEqual({})
  })

  test('hold every column at once', () => {
    const counts = new MinuteCounts(start)
    for (const key of columnKeys) counts.add(key, start)
    expect(Object.keys(counts.read(start)).sort()).toEqual([...columnKeys].sort())
  })
})
