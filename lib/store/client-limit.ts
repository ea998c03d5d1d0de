import type { StorePurse } from './captcha-store.js'

/**
 * Returns how many passes a client may take from a purse in one window. A client with history has its own verified rate times
 * `ownRateFactor`, rounded down, if that is more than the limit: many users may share its address. A limit of 0 stays 0.
 *
 * @param verifiedPerMinute the client's own verified rate; `undefined` or 0 without history
 */
export function clientLimit(
  { limit, windowMs, ownRateFactor }: Pick<StorePurse, 'limit' | 'windowMs' | 'ownRateFactor'>,
  verifiedPerMinute: number | undefined,
): number {
  if (limit === 0 || verifiedPerMinute === undefined) return limit
  return Math.max(limit, Math.floor((ownRateFactor * verifiedPerMinute * windowMs) / 60_000))
}
