import { describe, expect, test } from '@jest/globals'
import { CaptchaConfigError } from '../../lib/options/captcha-config-error.js'
import { parseOverride } from '../../lib/options/override-options.js'

describe('an override', () => {
  test.each<[string, Parameters<typeof parseOverride>[0], object, object]>([
    ['that passes', 'pass', { forMs: 60_000, by: 'li.na' }, { mode: 'pass', by: 'li.na', leftMs: 60_000 }],
    ['without an author', 'pass', { forMs: 1 }, { mode: 'pass', by: '', leftMs: 1 }],
    ['of one day', 'pass', { forMs: 86_400_000 }, { mode: 'pass', by: '', leftMs: 86_400_000 }],
    ['with an end', 'verify_only', { forMs: 1 }, { mode: 'verify_only', by: '', leftMs: 1 }],
    ['without an end', 'verify_only', {}, { mode: 'verify_only', by: '', leftMs: Number.POSITIVE_INFINITY }],
    ['that ends one', 'none', { by: 'li.na' }, { mode: 'none', by: 'li.na', leftMs: Number.POSITIVE_INFINITY }],
    ['with `undefined` options', 'none', { by: undefined, forMs: undefined }, { mode: 'none', by: '' }],
  ])('%s is parsed to a mode, an author and an end', (_, mode, options, state) => {
    expect(parseOverride(mode, options)).toMatchObject(state)
  })

  test('of mode none has no end, whatever `forMs` says', () => {
    expect(parseOverride('none', { forMs: 1000 }).leftMs).toBe(Number.POSITIVE_INFINITY)
  })

  test('leaves the options of the caller as they were', () => {
    const options = Object.freeze({ forMs: 1000, by: 'li.na' })
    expect(() => parseOverride('pass', options)).not.toThrow()
  })
})

describe('a wrong override throws an error that names the option', () => {
  test.each<[string, unknown, unknown, string]>([
    ['for an unknown mode', 'open', { forMs: 1000 }, 'override'],
    ['for a missing mode', undefined, {}, 'override'],
    ['for a pass without an end', 'pass', {}, 'forMs'],
    ['for a pass whose end is undefined', 'pass', { forMs: undefined }, 'forMs'],
    ['for no time at all', 'pass', { forMs: 0 }, 'forMs'],
    ['for a negative time', 'pass', { forMs: -1 }, 'forMs'],
    ['for half a millisecond', 'pass', { forMs: 0.5 }, 'forMs'],
    ['for an infinite time', 'pass', { forMs: Number.POSITIVE_INFINITY }, 'forMs'],
    ['for a time that is not a number', 'pass', { forMs: Number.NaN }, 'forMs'],
    ['for digits in a string', 'pass', { forMs: '60000' }, 'forMs'],
    ['for more than one day', 'pass', { forMs: 86_400_001 }, 'forMs'],
    ['for a wrong time of verify_only', 'verify_only', { forMs: 0 }, 'forMs'],
    ['for an author that is not a string', 'pass', { forMs: 1000, by: 7 }, 'by'],
    ['for an author of none that is not a string', 'none', { by: {} }, 'by'],
    ['for options that are null', 'verify_only', null, 'options'],
    ['for options that are not an object', 'verify_only', 1000, 'options'],
    ['for an unknown option', 'pass', { forMs: 1000, byWhom: 'li.na' }, 'byWhom'],
  ])('%s', (_, mode, options, option) => {
    const parsing = () => parseOverride(mode as never, options as never)
    expect(parsing).toThrow(CaptchaConfigError)
    expect(parsing).toThrow(expect.objectContaining({ option }))
  })
})
