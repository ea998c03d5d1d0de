/** An override must hold at every process two seconds after it was set at one of them. */
const minHeartbeatEveryMs = 1_000
/** Longest interval before jitter, in milliseconds. */
export const maxHeartbeatEveryMs = 5_000
/** A heartbeat adds up the figures of all processes: 200 a second of 200 processes are 4 % of a Redis. */
const perProcessMs = 5
/** Spreads the heartbeats of processes that were started together. */
const jitterShare = 0.2

/**
 * Milliseconds until the next heartbeat of a process: 1 to 1.2 s, and more where over 200 processes live.
 *
 * @param processes as the store answered; whatever is no number counts as one process
 * @param chance from 0 up to 1
 */
export function heartbeatAfterMs(processes: number, chance: number): number {
  const wantedMs = perProcessMs * processes
  const everyMs = wantedMs > minHeartbeatEveryMs ? Math.min(wantedMs, maxHeartbeatEveryMs) : minHeartbeatEveryMs
  return everyMs * (1 + jitterShare * chance)
}
