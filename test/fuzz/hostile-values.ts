import fc from 'fast-check'

/** Every ticket, randstr and key of a fuzzed run holds this text, so that one search finds a leak of any of them. */
export const secretMark = 's3cr3t'

/** Texts that parsers, matchers and logs stumble over. */
export const hostileText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\r\nSet-Cookie: a=b',
    '__proto__',
    'constructor',
    'toString',
    '../../etc/passwd',
    '%s%n%d',
    '<script>alert(1)</script>',
    '\ud800',
    '\ufeff',
    'NaN',
    'null',
    'undefined',
    '1e999',
    'true',
    '{"passed":true}',
  ),
  fc.integer({ min: 0, max: 3000 }).map((length) => 'x'.repeat(length)),
)

/** Whatever a body parser, a header or an application's function may hand over. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.constantFrom(undefined, null, true, false, Number.NaN, Number.POSITIVE_INFINITY, -0, 1, 10n, Symbol('hostile')),
  fc.double(),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(
    [],
    {},
    ['a', 'a'],
    { length: 3 },
    { toString: 'no function', valueOf: null },
    Object.create(null),
    JSON.parse('{"__proto__":{"ticket":"a","randstr":"b"}}'),
    new Date(0),
    /x/,
    Buffer.from('ticket'),
    new Map([['ticket', 'a']]),
    () => 'called',
  ),
)
