import { describe, expect, test } from '@jest/globals'
import { readOverride, setBy } from '../../../lib/status/http/override-fields.js'

describe('an override as a form or JSON asks for it', () => {
  test.each([
    [
      { mode: 'pass', forMs: 60_000, reason: 'repair' },
      { mode: 'pass', forMs: 60_000, reason: 'repair' },
    ],
    [
      { mode: 'pass', forMs: '900000', reason: ' repair ' },
      { mode: 'pass', forMs: 900_000, reason: 'repair' },
    ],
    [
      { mode: 'verify_only', forMs: '', reason: 'bots' },
      { mode: 'verify_only', forMs: undefined, reason: 'bots' },
    ],
    [{ mode: 'none' }, { mode: 'none', forMs: undefined, reason: '' }],
    [
      { mode: 'none', forMs: 'whatever', reason: 'over' },
      { mode: 'none', forMs: undefined, reason: 'over' },
    ],
  ])('%j', (fields, wish) => {
    expect(readOverride(fields)).toEqual(wish)
  })

  test.each([
    ['mode', {}],
    ['mode', { mode: 'open', forMs: 1, reason: 'x' }],
    ['mode', { mode: ['pass'], forMs: 1, reason: 'x' }],
    ['forMs', { mode: 'pass', reason: 'x' }],
    ['forMs', { mode: 'pass', forMs: 0, reason: 'x' }],
    ['forMs', { mode: 'pass', forMs: 86_400_001, reason: 'x' }],
    ['forMs', { mode: 'pass', forMs: 1.5, reason: 'x' }],
    ['forMs', { mode: 'pass', forMs: '1e3', reason: 'x' }],
    ['forMs', { mode: 'verify_only', forMs: -1, reason: 'x' }],
    ['forMs', { mode: 'verify_only', forMs: true, reason: 'x' }],
    ['reason', { mode: 'pass', forMs: 1 }],
    ['reason', { mode: 'verify_only', reason: '  \n ' }],
    ['reason', { mode: 'pass', forMs: 1, reason: 'x'.repeat(201) }],
    ['reason', { mode: 'pass', forMs: 1, reason: { toString: 'x' } }],
  ])('with a wrong %s is refused: %j', (field, fields) => {
    expect(readOverride(fields)).toBe(field)
  })

  test('becomes one line of the log, of bounded length, that says who and why', () => {
    expect(setBy('ann', 'repair')).toBe('ann: repair')
    expect(setBy(undefined, 'repair')).toBe('status page: repair')
    expect(setBy('ann', '')).toBe('ann')
    expect(setBy('a\nb\u202e', 'x')).toBe('a b: x')
    expect(readOverride({ mode: 'none', reason: 'a\r\nb\u0000c\u202ed' })).toMatchObject({ reason: 'a b c d' })
    expect(setBy('x'.repeat(5000), 'y'.repeat(200)).length).toBeLessThan(300)
  })
})
