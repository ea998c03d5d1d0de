import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ClassifiedTicket, FallbackTicket } from '../../lib/admission/ticket.js'
import { ticketClassifier } from '../../lib/tencent/classify-ticket.js'
import type { CaptchaChannel } from '../../lib/types.js'

const classify = ticketClassifier(199999164)
const channels = ['web', 'mini_program'] as const

function kindOf(ticket: unknown, randstr: unknown = '@abc', channel: CaptchaChannel = 'web'): ClassifiedTicket['kind'] {
  return classify({ ticket, randstr }, channel).kind
}

function fallback(ticket: string): FallbackTicket {
  const classified = classify({ ticket, randstr: '@abc' }, 'web')
  if (classified.kind !== 'fallback') throw new Error(`${ticket} is ${classified.kind}`)
  return classified
}

const sid128 = 's'.repeat(128)

describe('a fallback ticket', () => {
  test.each([
    ['trerror_1001_199999164_1713500000', 1001, 1713500000, ''],
    ['terror_1006_199999164_1649302812', 1006, 1649302812, ''],
    ['terror_1006_199999164_1649302812_7201234567890123456', 1006, 1649302812, '7201234567890123456'],
    ['trerror_1001_199999164_1713500000_s1OUabc-_x', 1001, 1713500000, 's1OUabc-_x'],
    ['trerror_1001_199999164_1713500000_a_b_c', 1001, 1713500000, 'a_b_c'],
    ['trerror_1001_199999164_1713500000__', 1001, 1713500000, '_'],
    [`trerror_1001_199999164_1713500000_${sid128}`, 1001, 1713500000, sid128],
    ['trerror_1001_199999164_1713500000_中😀', 1001, 1713500000, '中😀'],
    ['trerror_1001_1999991641713500000', 1001, 1713500000, ''],
    ['TRERROR_1001_199999164_1713500000', 1001, 1713500000, ''],
    ['TeRrOr_1014_199999164_1713500000', 1014, 1713500000, ''],
    [' trerror_1001_199999164_1713500000', 1001, 1713500000, ''],
    ['trerror_1001_199999164_1713500000\n', 1001, 1713500000, ''],
    ['\t trerror_0000_199999164_0000000000 \r\n', 0, 0, ''],
  ])('%j is read', (ticket, clientErrorCode, issuedAtSeconds, sid) => {
    expect(fallback(ticket)).toEqual({
      kind: 'fallback',
      ticket: ticket.trim(),
      randstr: '@abc',
      clientErrorCode,
      issuedAtSeconds,
      sid,
    })
  })

  test.each([
    ...['trerror', 'terror', 'trerror_', 'terror_', 'trerror_1001', 'trerror_1001_', 'trerrors', 'terrorist', 'TERROR'],
    ...['trerror_trerror_1001_199999164_1713500000', 'terror1trerror_1001_199999164_1713500000'],
    ...['trerror_1001_1713500000', 'trerror_1001__1713500000', 'trerror_1001_199999164', 'trerror_1001_199999164_'],
    ...['trerror_1001_123456789_1713500000', 'terror_1006_2031483705_1649302812', 'trerror_1001_1234567891713500000'],
    ...['trerror_abcd_199999164_1713500000', 'trerror_101_199999164_1713500000', 'trerror_10011_199999164_1713500000'],
    ...['trerror_1001_199999164_171350000', 'trerror_1001_199999164_17135000000', 'trerror_1001_199999164171350000'],
    ...['trerror_1001_19999916417135000000', 'trerror_1001_0199999164_1713500000', 'trerror__199999164_1713500000'],
    ...['trerror-1001-199999164-1713500000', 'trerror 1001 199999164 1713500000', 'trerror_1001_199999164__1713500000'],
    ...[
      'trerror_1001_199999164_1713500000_',
      'trerror_1001_1999991641713500000_sid',
      'trerror_1001_199999164_-713500000',
    ],
    ...[
      'trerror_1001_199999164_1713500000\nx',
      'trerror_1001_199999164_1713500000_a\nb',
      'trerror_1001_199999164_171350000\u0660',
    ],
    ...[
      'trerror_1001_199999164_1713500000\u0000',
      'trerror\u0000_1001_199999164_1713500000',
      'trerror_+101_199999164_1713500000',
    ],
    `trerror_1001_199999164_1713500000_${'s'.repeat(129)}`,
  ])('%j has the prefix without a valid form and is malformed', (ticket) => {
    expect(kindOf(ticket)).toBe('malformed')
    expect(kindOf(ticket, undefined, 'mini_program')).toBe('malformed')
  })

  test('needs a randstr on the web and none in a mini program', () => {
    const ticket = 'trerror_1001_199999164_1713500000'
    expect(classify({ ticket }, 'web')).toEqual({ kind: 'missing' })
    expect(classify({ ticket }, 'mini_program')).toMatchObject({ kind: 'fallback', randstr: '' })
  })

  test('takes another site’s ten-digit app id neither for ours nor for the time', () => {
    expect(
      ticketClassifier(2031483705)({ ticket: 'terror_1006_2031483705_1649302812', randstr: '@' }, 'web'),
    ).toMatchObject({
      kind: 'fallback',
      issuedAtSeconds: 1649302812,
    })
    expect(kindOf('terror_1006_2031483705_1649302812')).toBe('malformed')
  })

  test('of any form the vendor’s page makes is read back', () => {
    const part = fc.nat({ max: 9999 })
    fc.assert(
      fc.property(
        part,
        fc.nat({ max: 9_999_999_999 }),
        fc.constantFrom('terror', 'trerror'),
        (code, seconds, prefix) => {
          const ticket = `${prefix}_${String(code).padStart(4, '0')}_199999164_${String(seconds).padStart(10, '0')}`
          expect(fallback(ticket)).toMatchObject({ clientErrorCode: code, issuedAtSeconds: seconds })
        },
      ),
    )
  })
})

describe('an ordinary ticket', () => {
  test.each([
    ...['tr03abc*', 't03abc**', 'x', 'trerro', 'trrerror_1001_199999164_1713500000', 'error_1001', '_terror_', '0'],
    ...['{"ticket":1}', '__proto__', 'null', '验证码', '😀', 'a\u200bb', 'a b'],
    'x'.repeat(2048),
  ])('%j is left for Tencent to judge, unchanged', (ticket) => {
    expect(classify({ ticket, randstr: '@a' }, 'web')).toEqual({ kind: 'ordinary', ticket, randstr: '@a' })
    expect(classify({ ticket }, 'mini_program')).toEqual({ kind: 'ordinary', ticket, randstr: '' })
  })

  test('may have a randstr of one character and of 256', () => {
    for (const randstr of ['@', '@'.repeat(256)]) expect(kindOf('tr03abc*', randstr)).toBe('ordinary')
  })

  test('of a mini program keeps a randstr that came along', () => {
    expect(classify({ ticket: 'tr03abc*', randstr: '@a' }, 'mini_program')).toMatchObject({ randstr: '@a' })
  })
})

describe('white space around a token', () => {
  test.each([' ', '\n', '\r\n', '\t', '\u00a0', '\ufeff', '\u2028'])('%j is not part of it', (space) => {
    expect(classify({ ticket: `${space}tr03abc*${space}`, randstr: `${space}@a${space}` }, 'web')).toEqual({
      kind: 'ordinary',
      ticket: 'tr03abc*',
      randstr: '@a',
    })
  })

  test.each([' ', '\n\t', '\u00a0'])('%j alone is malformed', (space) => {
    for (const channel of channels) expect(kindOf(space, '@a', channel)).toBe('malformed')
    expect(kindOf('tr03abc*', space)).toBe('malformed')
  })
})

describe('what is never sent to Tencent is malformed in ticket and randstr', () => {
  const controls = [
    ...Array.from({ length: 0x20 }, (_, code) => code),
    ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
  ]

  test('every control character, C0, DEL and C1', () => {
    for (const code of controls) {
      const text = `a${String.fromCharCode(code)}b`
      expect([code, kindOf(text), kindOf('tr03abc*', text)]).toEqual([code, 'malformed', 'malformed'])
      expect(kindOf(`trerror_1001_199999164_1713500000_${text}`)).toBe('malformed')
    }
  })

  test.each(['\ud800', '\udfff', 'a\ud83d', '\ude00a', '\ude00\ud83d'])('half of a surrogate pair: %j', (text) => {
    expect([kindOf(text), kindOf('tr03abc*', text)]).toEqual(['malformed', 'malformed'])
  })

  test.each(['\u0000', '\u001b', '\u0085', '\u007f'])(
    '%j around a token, which is no white space to trim',
    (control) => {
      expect(kindOf(`tr03abc*${control}`)).toBe('malformed')
    },
  )
})

describe('a token', () => {
  test.each([undefined, null, ''])('with the ticket %p is missing', (ticket) => {
    for (const channel of channels) expect(kindOf(ticket, '@abc', channel)).toBe('missing')
    expect(kindOf(ticket, 5)).toBe('missing')
  })

  test.each([undefined, null, ''])('with the randstr %p is missing on the web only', (randstr) => {
    expect(classify({ ticket: 'tr03abc*', randstr }, 'web')).toEqual({ kind: 'missing' })
    expect(classify({ ticket: 'tr03abc*', randstr }, 'mini_program').kind).toBe('ordinary')
  })

  test('with no members at all is missing', () => {
    for (const channel of channels) expect(classify({}, channel)).toEqual({ kind: 'missing' })
  })

  const notStrings = [
    0,
    1,
    Number.NaN,
    true,
    false,
    {},
    [],
    ['tr03abc*'],
    { toString: () => 'x' },
    5n,
    Symbol('x'),
    () => 'x',
  ]

  test.each([...notStrings, new String('tr03abc*'), Buffer.from('x')])('with the ticket %p is malformed', (ticket) => {
    for (const channel of channels) expect(kindOf(ticket, '@abc', channel)).toBe('malformed')
  })

  test.each(notStrings)('with the randstr %p is malformed', (randstr) => {
    for (const channel of channels) expect(kindOf('tr03abc*', randstr, channel)).toBe('malformed')
  })

  test.each([2049, 1_000_000])('with a ticket of %i characters is malformed', (length) => {
    for (const channel of channels) {
      expect(kindOf('x'.repeat(length), '@abc', channel)).toBe('malformed')
      expect(kindOf(`trerror_1001_199999164_1713500000_${'_'.repeat(length)}`, '@abc', channel)).toBe('malformed')
    }
  })

  test.each([257, 1_000_000])('with a randstr of %i characters is malformed', (length) => {
    for (const channel of channels) expect(kindOf('tr03abc*', 'x'.repeat(length), channel)).toBe('malformed')
  })

  test('of any shape is sorted without an exception, and by its prefix', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.constantFrom(...channels), (ticket, randstr, channel) => {
        const { kind } = classify({ ticket, randstr }, channel)
        if (kind === 'ordinary' || kind === 'fallback') expect(typeof ticket).toBe('string')
      }),
    )
    fc.assert(
      fc.property(fc.constantFrom('terror', 'trerror', 'TRError'), fc.string({ unit: 'binary' }), (prefix, rest) => {
        expect(kindOf(`${prefix}${rest}`)).not.toBe('ordinary')
      }),
    )
  })
})
