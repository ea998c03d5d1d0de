/** Users of the burst. */
export const burstSize = 20
