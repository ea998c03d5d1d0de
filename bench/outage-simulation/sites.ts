/** A site of the simulation. */
export interface Site {
  readonly name: 'blog' | 'shop' | 'bank'
  /** Verified passes a minute, over the day. */
  readonly normalPerMinute: number
  /** How far the daily wave swings around that, as a share of it. */
  readonly waveShare: number
  /** Processes that the load balancer spreads clients over, by their address. */
  readonly processes: number
}

export const sites = {
  blog: { name: 'blog', normalPerMinute: 2, waveShare: 0, processes: 1 },
  shop: { name: 'shop', normalPerMinute: 300, waveShare: 0.6, processes: 1 },
  bank: { name: 'bank', normalPerMinute: 60_000, waveShare: 0, processes: 8 },
} as const satisfies Record<string, Site>

/** Users who share a carrier's address. */
export const usersBehindNat = 200
/** 200 users to an address, each with one request in ten minutes. */
export const natRequestsPerMinute = 20
/** Users whose page could not fetch the vendor's script although nothing is broken. */
export const naturalFallbackShare = 0.005
