import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

type Address = ipaddr.IPv4 | ipaddr.IPv6

const ipv6KeyBits = 56

const privateRanges = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat', 'unspecified'])

/** A user's address, read once: as Tencent gets it, as limits see it, as the log shows it. */
export interface ClientAddress {
  /** IPv4-mapped addresses unmapped, zone removed. */
  readonly ip: string
  /** IPv4 whole, IPv6 by its /56: a subscriber has all of it. */
  readonly key: string
  /** `/24` or `/48` in CIDR notation. */
  readonly masked: string
  /** Loopback, private, link-local or carrier-grade NAT: no address that Tencent could judge. */
  readonly isPrivate: boolean
  readonly isLoopback: boolean
}

/** `undefined` for anything that is not an IP address in its ordinary notation. */
export function parseClientAddress(given: unknown): ClientAddress | undefined {
  if (typeof given !== 'string') return undefined
  // ipaddr.js alone takes 010.1.2.3 for 8.1.2.3 and 1.2.3 for 1.2.0.3.
  if (isIP(given) === 0) return undefined
  // Unmapped first: masking ::ffff:1.2.3.4 would put every IPv4 client into one bucket.
  const address = ipaddr.process(given.replace(/%.*$/, ''))
  const range = address.range()
  return {
    ip: address.toString(),
    key: address.kind() === 'ipv4' ? address.toString() : network(address, ipv6KeyBits),
    masked: address.kind() === 'ipv4' ? network(address, 24) : network(address, 48),
    isPrivate: privateRanges.has(range),
    isLoopback: range === 'loopback',
  }
}

function network(address: Address, bits: number): string {
  const bytes = address.toByteArray().map((byte, index) => byte & maskByte(bits - index * 8))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

function maskByte(bitsLeft: number): number {
  const kept = Math.min(8, Math.max(0, bitsLeft))
  return (0xff << (8 - kept)) & 0xff
}
