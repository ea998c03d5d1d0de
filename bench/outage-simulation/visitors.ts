/** How a site's users come back. What share of the requests then has history follows from it, and is measured. */
export interface Visitors {
  readonly name: string
  /** Requests from behind a carrier's shared address, as a share of all. */
  readonly natShare: number
  /** Users who have been verified here before, and whom an application that uses `knownAs` recognizes, as a share of all. */
  readonly returningShare: number
  /** Median time since a returning user's last verified pass; the logarithm is normal, with a standard deviation of 1. */
  readonly medianReturnHours: number
  /** Mean time that a user keeps an address: a subscriber's line changes it in days, a phone on its way in hours. */
  readonly addressHours: number
}

const usual: Visitors = {
  name: 'usual',
  natShare: 0.2,
  returningShare: 0.72,
  medianReturnHours: 4,
  addressHours: 48,
}

export const visitors = {
  /** 70 % of the requests have history. */
  usual,
  /** 40 %. */
  few: { ...usual, name: 'few-return', returningShare: 0.29 },
  /** 95 %: people who come several times a day, from a line that keeps its address. */
  regulars: { ...usual, name: 'regulars', returningShare: 0.97, medianReturnHours: 3, addressHours: 720 },
  /** 60 % of the buyers have history. */
  buyers: { ...usual, name: 'buyers', returningShare: 0.58 },
  /** 70 % return, and three in ten of them from another address, or after more than a day. */
  movers: { ...usual, name: 'movers', returningShare: 0.7, medianReturnHours: 4, addressHours: 10.5 },
  /** 5 %: nearly all are strangers, and few stand behind an address that others have signed up from. */
  signUps: { ...usual, name: 'sign-ups', natShare: 0.03, returningShare: 0.024 },
} as const satisfies Record<string, Visitors>
