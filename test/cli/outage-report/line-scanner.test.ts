import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { LineScanner } from '../../../lib/cli/outage-report/line-scanner.js'

function scan(chunks: readonly Buffer[]) {
  const seen: string[] = []
  const scanner = new LineScanner((text) => seen.push(text))
  for (const chunk of chunks) {
    scanner.push(chunk)
    // The reader fills the same buffer again.
    chunk.fill(0)
  }
  scanner.end()
  return { seen, ...scanner.counts }
}

function cut(text: string, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  let rest = Buffer.from(text)
  for (const size of [...sizes, rest.length]) {
    chunks.push(Buffer.from(rest.subarray(0, size)))
    rest = rest.subarray(size)
  }
  return chunks.filter(({ length }) => length > 0)
}

describe('the lines of a log', () => {
  test('are passed on when they name an event of the guard, and counted in any case', () => {
    const text =
      '{"event":"captcha_degraded"}\n{"msg":"request"}\n\n{"event":"captcha_refused"}\r\n{"last":"captcha_verified"}'
    expect(scan([Buffer.from(text)])).toEqual({
      seen: ['{"event":"captcha_degraded"}', '{"event":"captcha_refused"}', '{"last":"captcha_verified"}'],
      lines: 4,
      broken: 0,
    })
  })

  test('are broken when they do not end as an object does', () => {
    const text = '{"event":"captcha_degr\nError: something\n    at file.js:1\n{"event":"captcha_refused"}\n'
    expect(scan([Buffer.from(text)])).toEqual({ seen: ['{"event":"captcha_refused"}'], lines: 4, broken: 3 })
  })

  test('are the same however the log is cut into chunks', () => {
    const piece = fc.constantFrom(
      '{"a":"captcha_x"}',
      '{"b":1}',
      '{"c":"验证captcha_码"}',
      'captcha_',
      '{',
      '}',
      '\n',
      '\r\n',
      '',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.array(fc.integer({ min: 1, max: 40 })), (pieces, sizes) => {
        const text = pieces.join('')
        expect(scan(cut(text, sizes))).toEqual(scan([Buffer.from(text)]))
      }),
    )
  })

  test('are dropped over 1 MiB, and counted once as broken', () => {
    const long = Buffer.from(`{"event":"captcha_degraded","x":"${'x'.repeat(200_000)}`)
    const chunks = [
      ...Array.from({ length: 20 }, () => Buffer.from(long)),
      Buffer.from('"}\n{"event":"captcha_refused"}\n'),
    ]
    expect(scan(chunks)).toEqual({ seen: ['{"event":"captcha_refused"}'], lines: 2, broken: 1 })
  })
})
