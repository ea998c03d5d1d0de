import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

const ipv6KeyBits = 56

/** An IPv4 client behind a translator of the site's own network: NAT64, SIIT. Its address is the last 32 bits (RFC 6052). */
const translatedRanges = new Set(['rfc6052', 'rfc6145'])
/** For a translator's local use; which bits hold the IPv4 address only its operator knows (RFC 8215). */
const localTranslation = ipaddr.IPv6.parseCIDR('64:ff9b:1::/48')

const privateRanges = new Set(['loopback', 'private', 'uniqueLocal', 'linkLocal', 'carrierGradeNat', 'unspecified'])

/** A user's address: as Tencent gets it, as limits see it, as the log shows it. */
export class ClientAddress {
  /** IPv4-mapped and translated addresses as the IPv4 address that they stand for, zone removed. */
  readonly ip: string
  /** IPv4 whole, IPv6 by its /56: a subscriber has all of it. 6to4 by the IPv4 address of the subscriber, who has the /48. */
  readonly key: string

  constructor(ip: string, key: string) {
    this.ip = ip
    this.key = key
  }

  /** `/24` or `/48` in CIDR notation. */
  get masked(): string {
    return network(this.ip, isIP(this.ip) === 4 ? 24 : 48)
  }

  /** Loopback, private, link-local, carrier-grade NAT or local translation: no address that Tencent could judge. */
  get isPrivate(): boolean {
    const address = ipaddr.parse(this.ip)
    return privateRanges.has(address.range()) || isLocallyTranslated(address)
  }

  get isLoopback(): boolean {
    return ipaddr.parse(this.ip).range() === 'loopback'
  }
}

/** Whether a host is this machine: `localhost` or a loopback address, an IPv6 one as it is or in brackets. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || parseClientAddress(host.replace(/^\[(.*)\]$/, '$1'))?.isLoopback === true
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
  if (isLocallyTranslated(address)) return new ClientAddress(ip, ip)
  const range = address.range()
  if (translatedRanges.has(range)) return parseClientAddress(ipv4Of(address, 12))
  if (range === '6to4') return new ClientAddress(ip, ipv4Of(address, 2))
  return new ClientAddress(ip, address.kind() === 'ipv4' ? ip : network(ip, ipv6KeyBits))
}

type Address = ReturnType<typeof ipaddr.parse>

function isLocallyTranslated(address: Address): boolean {
  return address instanceof ipaddr.IPv6 && address.match(localTranslation)
}

/** The IPv4 address in four bytes of an IPv6 address. */
function ipv4Of(address: Address, firstByte: number): string {
  return address
    .toByteArray()
    .slice(firstByte, firstByte + 4)
    .join('.')
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
