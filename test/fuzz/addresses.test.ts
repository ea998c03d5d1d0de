import { isIP } from 'node:net'
import { expect } from '@jest/globals'
import fc from 'fast-check'
import { parseClientAddress } from '../../lib/client-address.js'
import { fuzz } from './fuzz-cases.js'
import { hostileValue } from './hostile-values.js'

const prefixes = ['::ffff:', '::', '64:ff9b::', '64:ff9b:1::', '2002:', '::ffff:0:', 'fe80::', '']
const addressLike = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  fc.tuple(fc.constantFrom(...prefixes), fc.ipV4()).map(([prefix, ip]) => prefix + ip),
  fc.tuple(fc.ipV6(), fc.constantFrom('%eth0', '%', '%25', '%a%b')).map(([ip, zone]) => ip + zone),
  fc.tuple(fc.ipV4(), fc.constantFrom(':80', '/24', ' ', '\n', ', 10.0.0.1')).map(([ip, rest]) => ip + rest),
)
const cases = fc.oneof(
  { weight: 4, arbitrary: addressLike as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: hostileValue },
)

fuzz('addresses', 'an address is an IP address in its ordinary notation, whatever stands for it', cases, (given) => {
  const address = parseClientAddress(given)
  if (address === undefined) return expect(typeof given === 'string' && isIP(given) !== 0).toBe(false)
  const { ip, key, masked } = address
  expect(isIP(ip)).not.toBe(0)
  // What it was parsed to is the same client again, so that a proxy's spelling opens no second purse.
  expect(parseClientAddress(ip)).toMatchObject({ ip, key })
  expect(isIP(key.replace(/\/56$/, ''))).not.toBe(0)
  // A mapped IPv4 address never falls into a bucket with all others.
  if (isIP(ip) === 4) expect([key, masked.endsWith('/24')]).toEqual([ip, true])
  expect(ip).not.toMatch(/^::ffff:/i)
  expect([typeof address.isPrivate, typeof address.isLoopback]).toEqual(['boolean', 'boolean'])
})
