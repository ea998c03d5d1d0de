/** Returns a function that counts a call and tells whether it is over the quota of its second, as Tencent counts. */
export function callQuota(callsPerSecond: number): (nowMs: number) => boolean {
  let second = Number.NaN
  let calls = 0
  return (nowMs) => {
    const current = Math.floor(nowMs / 1000)
    if (current !== second) calls = 0
    second = current
    return ++calls > callsPerSecond
  }
}
