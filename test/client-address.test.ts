import { isIP } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isLoopbackHost, parseClientAddress } from '../lib/client-address.js'

describe('an IPv4 address', () => {
  test.each([
    '1.2.3.4',
    '::ffff:1.2.3.4',
    '::FFFF:1.2.3.4',
    '::ffff:102:304',
    '::ffff:0102:0304',
    '0:0:0:0:0:ffff:1.2.3.4',
    '0:0:0:0:0:ffff:102:304',
    '0000:0000:0000:0000:0000:ffff:0102:0304',
    '::ffff:1.2.3.4%eth0',
    // Deprecated IPv4-compatible notation.
    '::1.2.3.4',
  ])('written %s is 1.2.3.4', (written) => {
    const { ip, key, masked, isPrivate, isLoopback } = parseClientAddress(written) ?? {}
    expect({ ip, key, masked, isPrivate, isLoopback }).toEqual({
      ip: '1.2.3.4',
      key: '1.2.3.4',
      masked: '1.2.3.0/24',
      isPrivate: false,
      isLoopback: false,
    })
  })

  test('keeps clients of one /24 apart, though the log does not', () => {
    const [a, b] = [parseClientAddress('::ffff:203.0.113.7'), parseClientAddress('203.0.113.8')]
    expect(a?.key).not.toBe(b?.key)
    expect(a?.masked).toBe(b?.masked)
  })
})

describe('an address that a translator made of an IPv4 address', () => {
  test.each([
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['0064:FF9B:0:0:0:0:cb00:7107%eth0', '203.0.113.7'],
    ['::ffff:0:203.0.113.7', '203.0.113.7'],
    ['64:ff9b::0.0.0.0', '0.0.0.0'],
    ['64:ff9b::255.255.255.255', '255.255.255.255'],
  ])('%s is %s, to Tencent and to limits', (written, ip) => {
    expect(parseClientAddress(written)).toMatchObject({ ip, key: ip })
  })

  test('has a key of its own, not one for all of NAT64', () => {
    expect(parseClientAddress('64:ff9b::1.2.3.4')?.key).not.toBe(parseClientAddress('64:ff9b::1.2.3.5')?.key)
  })

  test('is private where the IPv4 address is, or where the translation is local', () => {
    expect(parseClientAddress('64:ff9b::10.0.0.1')?.isPrivate).toBe(true)
    expect(parseClientAddress('64:ff9b::1.2.3.4')?.isPrivate).toBe(false)
    expect(parseClientAddress('64:ff9b:1::1.2.3.4')?.isPrivate).toBe(true)
    expect(parseClientAddress('64:ff9b:2::1.2.3.4')?.isPrivate).toBe(false)
  })

  test('by local translation stays as it is, and is one client', () => {
    const [a, b] = ['64:ff9b:1::1.2.3.4', '64:ff9b:1::1.2.3.5'].map((written) => parseClientAddress(written))
    expect(a).toMatchObject({ ip: '64:ff9b:1::102:304', key: '64:ff9b:1::102:304' })
    expect(a?.key).not.toBe(b?.key)
  })

  test('is not what only begins like one', () => {
    expect(parseClientAddress('64:ff9b:0:0:1::102:304')).toMatchObject({ key: '64:ff9b::/56' })
  })
})

describe('a 6to4 address', () => {
  test('has the key of the IPv4 address that all of its /48 belongs to; Tencent gets it as it is', () => {
    for (const written of ['2002:cb00:7107::1', '2002:cb00:7107:ff00::2']) {
      expect(parseClientAddress(written)?.key).toBe('203.0.113.7')
    }
    expect(parseClientAddress('2002:cb00:7107::1')).toMatchObject({ ip: '2002:cb00:7107::1', isPrivate: false })
  })
})

describe('an IPv6 address', () => {
  test.each([
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1::/56', '2001:db8:1::/48'],
    ['2001:DB8:1:2FF::6', '2001:db8:1:2ff::6', '2001:db8:1:200::/56', '2001:db8:1::/48'],
    [
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      '2001:db8:ffff:ff00::/56',
      '2001:db8:ffff::/48',
    ],
    ['2606:4700::1111%eth0', '2606:4700::1111', '2606:4700::/56', '2606:4700::/48'],
  ])('%s is written as %s, has the key %s and is logged as %s', (written, ip, key, masked) => {
    expect(parseClientAddress(written)).toMatchObject({ ip, key, masked })
  })

  test('shares its key with its /56, and with no other', () => {
    const key = (written: string) => parseClientAddress(written)?.key
    expect(key('2001:db8:1:200::1')).toBe(key('2001:db8:1:2ff:ffff:ffff:ffff:ffff'))
    expect(key('2001:db8:1:200::1')).not.toBe(key('2001:db8:1:300::1'))
    expect(key('2001:db8:1:200::1')).not.toBe(key('2001:db8:1:1ff::1'))
  })
})

describe('what is no address in its ordinary notation', () => {
  test.each([
    ...[
      '',
      ' ',
      '010.1.2.3',
      '1.2.3',
      '1',
      '1.2.3.4.5',
      '256.1.1.1',
      '1.2.3.-4',
      '0x1.2.3.4',
      '0x01020304',
      '16909060',
    ],
    ...[
      ' 1.2.3.4',
      '1.2.3.4 ',
      '1.2.3.4\n',
      '1.2.3.4:80',
      '1.2.3.4/24',
      '1.2.3.4, 5.6.7.8',
      '[::1]',
      '[::1]:80',
      '::1/64',
    ],
    ...[
      '1.2.3.4%eth0',
      '%eth0',
      '::1%',
      '::1%a\nb',
      ':::',
      '::1::',
      '12345::',
      'g::1',
      '::ffff:1.2.3',
      '::ffff:01.2.3.4',
    ],
    ...['localhost', 'unknown', 'example.com', '1.2.3.4\u0000', '١.٢.٣.٤', '2001:db8', 'x'.repeat(1_000_000)],
  ])('is no client: %j', (written) => {
    expect(parseClientAddress(written)).toBeUndefined()
  })

  test.each([undefined, null, 5, {}, [], ['1.2.3.4'], true, 16909060n, Symbol('x')])('nor is %p', (given) => {
    expect(parseClientAddress(given)).toBeUndefined()
  })

  test('is found without an exception, and nothing else is', () => {
    const written = fc.oneof(
      fc.ipV4(),
      fc.ipV6(),
      fc.ipV4Extended(),
      fc.string(),
      fc.ipV6().map((ip) => `${ip}%0`),
    )
    fc.assert(
      fc.property(written, (given) => {
        const address = parseClientAddress(given)
        expect(address !== undefined).toBe(isIP(given) !== 0)
        if (address !== undefined) expect(isIP(address.ip)).not.toBe(0)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a private address', () => {
  test.each([
    ['127.0.0.1', true, true],
    ['127.255.255.254', true, true],
    ['::1', true, true],
    ['::ffff:127.0.0.1', true, true],
    ['10.0.0.1', true, false],
    ['172.16.0.1', true, false],
    ['172.31.255.255', true, false],
    ['192.168.0.1', true, false],
    ['::ffff:192.168.0.1', true, false],
    ['169.254.1.1', true, false],
    ['100.64.0.1', true, false],
    ['100.127.255.255', true, false],
    ['0.0.0.0', true, false],
    ['::', true, false],
    ['fe80::1', true, false],
    ['fe80::1%eth0', true, false],
    ['fc00::1', true, false],
    ['fd12:3456::1', true, false],
    ['172.15.0.1', false, false],
    ['172.32.0.1', false, false],
    ['100.63.0.1', false, false],
    ['100.128.0.1', false, false],
    ['11.0.0.1', false, false],
    ['8.8.8.8', false, false],
    ['2606:4700::1111', false, false],
  ])('%s is private: %p, and loopback: %p', (written, isPrivate, isLoopback) => {
    expect(parseClientAddress(written)).toMatchObject({ isPrivate, isLoopback })
  })
})

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.9.8.7', true],
  ['::1', true],
  ['[::1]', true],
  ['[::ffff:7f00:1]', true],
  ['127.evil.example', false],
  ['localhost.evil.example', false],
  ['10.0.0.1', false],
  ['', false],
])('whether the host %p is this machine: %p', (host, isLoopback) => {
  expect(isLoopbackHost(host)).toBe(isLoopback)
})
