import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether a request comes from a page of this very origin. A page of another site can make a browser send a form here with the
 * operator's cookies; it can change neither header. Browsers that send neither are refused, as every caller is that is none.
 */
export function isSameOrigin(headers: IncomingHttpHeaders, allowedHosts: ReadonlySet<string> | undefined): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site === 'same-origin'
  const { origin, host } = headers
  if (origin === undefined || host === undefined || !URL.canParse(origin)) return false
  const from = new URL(origin).host
  return from === host.toLowerCase() || (allowedHosts?.has(from) ?? false)
}

/**
 * Whether the `Host` is one that the operator has named. An attacker's name that is made to resolve to this machine (DNS
 * rebinding) is same-origin with itself; only its `Host` gives it away.
 */
export function isHostAllowed(
  { host = '' }: IncomingHttpHeaders,
  allowedHosts: ReadonlySet<string> | undefined,
): boolean {
  return allowedHosts === undefined || allowedHosts.has(host.toLowerCase())
}
