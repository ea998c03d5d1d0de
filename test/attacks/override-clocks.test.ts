import { afterEach, describe, expect, test } from '@jest/globals'
import { createGuard } from '../../lib/captcha-guard.js'
import type { Clock, Timer } from '../../lib/clock.js'
import { type CaptchaGuard, type CaptchaStore, memoryStore, type StoreSession } from '../../lib/index.js'
import { parseOptions } from '../../lib/options/config.js'
import { ManualClock, settlePromises } from '../support/manual-clock.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

const guards: CaptchaGuard[] = []
afterEach(async () => {
  for (const guard of guards.splice(0)) await guard.close()
})

function startGuard(clock: Clock, store?: CaptchaStore): CaptchaGuard {
  const guard = createGuard(
    parseOptions({
      captchaAppId: 190000001,
      appSecretKey: 'test',
      credential: { secretId: 'test', secretKey: 'test' },
      endpoint: 'http://127.0.0.1:1',
      logger: false,
      store,
    }),
    clock,
  )
  guards.push(guard)
  return guard
}

describe('a wall clock that is set back while an override is on', () => {
  /** A wall clock that the test sets beside the monotonic one, and a count of the timers that were started. */
  class SetClock extends ManualClock {
    aheadMs = 0
    timers = 0

    override epochMs(): number {
      return super.epochMs() + this.aheadMs
    }

    override after(delayMs: number, run: () => void): Timer {
      this.timers++
      return super.after(delayMs, run)
    }
  }

  test('keeps the door open for an hour where the end is on the wall clock', () => {
    const clock = new SetClock()
    const untilMs = clock.epochMs() + 1_000
    clock.aheadMs = -hourMs
    expect(untilMs - clock.epochMs()).toBeGreaterThan(hourMs)
  })

  test('makes a timer of Node run at once, where 40 days are left', async () => {
    const startedMs = performance.now()
    await new Promise((resolve) => setTimeout(resolve, 40 * dayMs))
    expect(performance.now() - startedMs).toBeLessThan(hourMs)
  })

  test.each([hourMs, 40 * dayMs])('does not lengthen it and starts no timers, %i ms back', async (backMs) => {
    const clock = new SetClock()
    const guard = startGuard(clock)
    guard.override('pass', { forMs: 100 })
    const { timers } = clock
    clock.aheadMs = -backMs
    await clock.advance(99)
    expect([guard.snapshot().override.mode, clock.timers]).toEqual(['pass', timers])
    await clock.advance(1)
    expect(guard.snapshot().override.mode).toBe('none')
  })
})

/** The way of one process to the store, which may be cut, or queue what is sent as clients do without a connection. */
class Wire implements CaptchaStore {
  readonly kind = 'wire'
  state: 'up' | 'cut' | 'queues' = 'up'
  readonly #store: CaptchaStore
  readonly #queued: Array<() => void> = []

  constructor(store: CaptchaStore) {
    this.#store = store
  }

  mend(): void {
    this.state = 'up'
    for (const send of this.#queued.splice(0)) send()
  }

  connect(context: Parameters<CaptchaStore['connect']>[0]): StoreSession {
    const session = this.#store.connect(context)
    const send = async <T>(run: () => Promise<T>): Promise<T> => {
      if (this.state === 'cut') throw new Error('connection refused')
      if (this.state === 'queues') await new Promise<void>((resolve) => this.#queued.push(resolve))
      return run()
    }
    return {
      ...session,
      heartbeat: (own) => send(() => session.heartbeat(own)),
      setOverride: (override) => send(() => session.setOverride(override)),
    }
  }
}

/** Two processes on one store, each with clocks of its own that have nothing in common. */
class TwoProcesses {
  readonly #clocks: readonly [ManualClock, ManualClock, ManualClock]
  readonly store: CaptchaStore
  readonly wires: readonly [Wire, Wire]
  readonly a: CaptchaGuard
  readonly b: CaptchaGuard

  private constructor(clocks: readonly [ManualClock, ManualClock, ManualClock]) {
    this.#clocks = clocks
    this.store = memoryStore({ clock: clocks[2] })
    this.wires = [new Wire(this.store), new Wire(this.store)]
    this.a = startGuard(clocks[0], this.wires[0])
    this.b = startGuard(clocks[1], this.wires[1])
  }

  static async start({ aheadMs = 0 } = {}): Promise<TwoProcesses> {
    const now = Date.UTC(2026, 0, 1)
    const clocks = [new ManualClock(now), new ManualClock(now + aheadMs), new ManualClock(now)] as const
    await clocks[0].advance(5 * hourMs)
    await clocks[2].advance(77 * hourMs)
    const processes = new TwoProcesses(clocks)
    await processes.pass(1_000)
    return processes
  }

  /** Time passes for all of them. */
  async pass(ms: number): Promise<void> {
    for (let lastedMs = 0; lastedMs < ms; lastedMs += 100) for (const clock of this.#clocks) await clock.advance(100)
    await settlePromises()
  }

  /** A process that starts now. */
  async startAnother(): Promise<CaptchaGuard> {
    const clock = new ManualClock()
    const guard = startGuard(clock, this.store)
    await clock.advance(1_000)
    return guard
  }

  get modes(): readonly [string, string] {
    return [this.a.snapshot().override.mode, this.b.snapshot().override.mode]
  }
}

describe('an override that is undone at another process', () => {
  test('comes back where the later time stamp wins and the clock of the first is ahead', () => {
    const setAtB = { mode: 'pass', setEpochMs: Date.now() + hourMs }
    const setAtALater = { mode: 'none', setEpochMs: Date.now() + 60_000 }
    expect([setAtB, setAtALater].sort((x, y) => y.setEpochMs - x.setEpochMs)[0]?.mode).toBe('pass')
  })

  test.each([0, hourMs, -hourMs, 400 * dayMs])('stays undone, with clocks %i ms apart', async (aheadMs) => {
    const site = await TwoProcesses.start({ aheadMs })
    site.b.override('pass', { forMs: 12 * hourMs })
    await site.pass(10_000)
    expect(site.modes).toEqual(['pass', 'pass'])
    site.a.override('none')
    await site.pass(10_000)
    expect(site.modes).toEqual(['none', 'none'])
    await site.pass(60_000)
    expect(site.modes).toEqual(['none', 'none'])
  })

  test('by one that was set while its process was cut off', async () => {
    const site = await TwoProcesses.start({ aheadMs: hourMs })
    site.b.override('pass', { forMs: hourMs })
    await site.pass(10_000)
    site.wires[0].state = 'cut'
    await site.pass(10_000)
    site.a.override('verify_only')
    await site.pass(30_000)
    expect(site.modes).toEqual(['verify_only', 'pass'])
    site.wires[0].mend()
    await site.pass(40_000)
    expect(site.modes).toEqual(['verify_only', 'verify_only'])
    expect((await site.startAnother()).snapshot().override.mode).toBe('verify_only')
  })

  test.each(['cut', 'queues'] as const)(
    'is not brought back by a process whose way was not there meanwhile (%s)',
    async (state) => {
      const site = await TwoProcesses.start({ aheadMs: hourMs })
      site.wires[1].state = state
      site.b.override('pass', { forMs: hourMs })
      await site.pass(10_000)
      site.a.override('verify_only')
      await site.pass(40_000)
      expect(site.modes).toEqual(['verify_only', 'pass'])
      site.wires[1].mend()
      await site.pass(40_000)
      expect(site.modes).toEqual(['verify_only', 'verify_only'])
    },
  )

  test('is not brought back after the end of the one that replaced it', async () => {
    const site = await TwoProcesses.start()
    site.a.override('pass', { forMs: 12 * hourMs })
    await site.pass(10_000)
    site.wires[1].state = 'cut'
    await site.pass(10_000)
    site.a.override('verify_only', { forMs: 20_000 })
    await site.pass(60_000)
    expect(site.modes).toEqual(['none', 'pass'])
    site.wires[1].mend()
    await site.pass(40_000)
    expect(site.modes).toEqual(['none', 'none'])
  })

  test('ends at a process that started later when it ends at the others', async () => {
    const site = await TwoProcesses.start({ aheadMs: hourMs })
    site.a.override('pass', { forMs: 20_000 })
    await site.pass(10_000)
    const late = await site.startAnother()
    expect(late.snapshot().override.mode).toBe('pass')
    await site.pass(11_000)
    expect(site.modes).toEqual(['none', 'none'])
    expect((await site.startAnother()).snapshot().override.mode).toBe('none')
  })
})
