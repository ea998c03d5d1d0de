/**
 * System errors by which this machine, not the network, fails to connect: no descriptor, local port, buffer or memory left.
 * A caller can use all of them up, so they are no evidence against Tencent.
 */
const localCodes: ReadonlySet<string | undefined> = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])

/** Whether a system code says that this machine has something used up. */
export function isLocalCode(code: string | undefined): boolean {
  return localCodes.has(code)
}

interface ConnectError extends NodeJS.ErrnoException {
  readonly address?: string
  /** One for each address that was tried, where there were several. */
  readonly errors?: readonly ConnectError[]
}

/** The code by which a failed attempt to connect is local; `undefined` where it is not. */
export function localCodeOf(error: ConnectError): string | undefined {
  const attempts = error.errors ?? [error]
  const triedIpv4 = attempts.some(({ address }) => address !== undefined && !address.includes(':'))
  // A machine without IPv6 says so about every such address.
  const saysNoIpv6 = ({ code, address }: ConnectError) =>
    triedIpv4 && code === 'EADDRNOTAVAIL' && address?.includes(':')
  return attempts.find((attempt) => isLocalCode(attempt.code) && !saysNoIpv6(attempt))?.code
}
