/** Timers that can be cleared together. */
export interface TimerSet {
  after(ms: number, run: () => void): void
  clear(): void
}

export function createTimerSet(): TimerSet {
  const timers = new Set<NodeJS.Timeout>()
  return {
    after(ms, run) {
      const timer = setTimeout(() => {
        timers.delete(timer)
        run()
      }, ms)
      timers.add(timer)
    },
    clear() {
      for (const timer of timers) clearTimeout(timer)
      timers.clear()
    },
  }
}
