/** Late verdicts as the estimate reads them. */
export interface LateChecks {
  readonly genuine: number
  readonly refused: number
  /** Says nothing: spent by a call of the guard's own, expired meanwhile, or never answered. */
  readonly inconclusive: number
}

/** How many degraded passes were bots. */
export interface BotEstimate {
  /** Passes with an ordinary ticket: those that late verification draws its sample from. */
  readonly ordinaryPasses: number
  /** Late verdicts that said something. */
  readonly checked: number
  readonly share: number
  /** 95 % interval of the share, with every inconclusive ticket counted as honest in `shareLow`, and as a bot in `shareHigh`. */
  readonly shareLow: number
  readonly shareHigh: number
  readonly bots: number
  readonly botsLow: number
  readonly botsHigh: number
  /** Passes with a fallback ticket or none: nothing can check them. */
  readonly uncheckedPasses: number
}

/**
 * Estimates the bots among passes from what Tencent said late of a part of them: refused ÷ (refused + genuine), with the Wilson
 * interval. It holds as far as the tickets that were still alive at the end are like the others. `null` without late verdicts.
 */
export function estimateBots(late: LateChecks, ordinaryPasses: number, uncheckedPasses: number): BotEstimate | null {
  const { genuine, refused, inconclusive } = late
  const checked = genuine + refused
  if (checked === 0 || ordinaryPasses === 0) return null
  const share = refused / checked
  const shareLow = wilson(refused, checked + inconclusive, -1)
  const shareHigh = wilson(refused + inconclusive, checked + inconclusive, 1)
  const passes = Math.max(ordinaryPasses, checked)
  // The verdicts themselves are certain.
  const bound = (bots: number) => Math.min(passes - genuine, Math.max(refused, Math.round(bots)))
  return {
    ordinaryPasses,
    checked,
    share,
    shareLow,
    shareHigh,
    bots: bound(share * passes),
    botsLow: bound(shareLow * passes),
    botsHigh: bound(shareHigh * passes),
    uncheckedPasses,
  }
}

/** 97.5th percentile of the normal distribution. */
const z = 1.959964

/** One end of the Wilson score interval at 95 %. */
function wilson(successes: number, trials: number, side: -1 | 1): number {
  const share = successes / trials
  const centre = share + (z * z) / (2 * trials)
  const spread = z * Math.sqrt((share * (1 - share)) / trials + (z * z) / (4 * trials * trials))
  return Math.min(1, Math.max(0, (centre + side * spread) / (1 + (z * z) / trials)))
}
