import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

const ipv6KeyBits = 56

const privateRanges = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat', 'unspecified'])

/** A user's address: as Tencent gets it, as limits see it, as the log shows it. */
export class ClientAddress {
  /** IPv4-mapped addresses unmapped, zone removed. */
  readonly ip: string
  /** IPv4 whole, IPv6 by its /56: a subscriber has all of it. */
  readonly key: string

  constructor(ip: string, key: string) {
    this.ip = ip
    this.key = key
  }

  /** `/24` or `/48` in CIDR notation. */
  get masked(): string {
    return network(this.ip, isIP(this.ip) === 4 ? 24 : 48)
  }

  /** Loopback, private, link-local or carrier-grade NAT: no address that Tencent could judge. */
  get isPrivate(): boolean {
    return privateRanges.has(ipaddr.parse(this.ip).range())
  }

  get isLoopback(): boolean {
    return ipaddr.parse(this.ip).range() === 'loopback'
  }
}

/** `undefined` for anything that is not an IP address in its ordinary notation. */
export function parseClientAddress(given: unknown): ClientAddress | undefined {
  if (typeof given !== 'string') return undefined
  // ipaddr.js alone takes 010.1.2.3 for 8.1.2.3 and 1.2.3 for 1.2.0.3.
  const version = isIP(given)
  if (version === 0) return undefined
  if (version === 4) return new ClientAddress(given, given)
  // Unmapped first: masking ::ffff:1.2.3.4 would put every IPv4 client into one bucket.
  const address = ipaddr.process(given.replace(/%.*$/, ''))
  const ip = address.toString()
  return new ClientAddress(ip, address.kind() === 'ipv4' ? ip : network(ip, ipv6KeyBits))
}

function network(ip: string, bits: number): string {
  const bytes = ipaddr
    .parse(ip)
    .toByteArray()
    .map((byte, index) => byte & maskByte(bits - index * 8))
  return `${ipaddr.fromByteArray(bytes).toString()}/${bits}`
}

function maskByte(bitsLeft: number): number {
  const kept = Math.min(8, Math.max(0, bitsLeft))
  return (0xff << (8 - kept)) & 0xff
}
