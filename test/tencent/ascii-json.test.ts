import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { asciiJson } from '../../lib/tencent/ascii-json.js'

describe('asciiJson()', () => {
  test('escapes whatever is not printable ASCII, and nothing else', () => {
    expect(asciiJson({ Ticket: 'tr03~é\u200b\u007f😀' })).toBe(
      String.raw`{"Ticket":"tr03~\u00e9\u200b\u007f\ud83d\ude00"}`,
    )
  })

  test('is read back as what it was, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer(), (text, number) => {
        const json = asciiJson({ text, number })
        expect(json).toMatch(/^[ -~]*$/)
        expect(JSON.parse(json)).toEqual({ text, number })
      }),
    )
  })
})
