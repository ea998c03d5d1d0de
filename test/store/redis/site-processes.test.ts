import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { BundledProcess } from '../../support/bundled-process.js'
import { clientLibraries } from './client-libraries.js'
import { CuttableWire } from './cuttable-wire.js'
import { describeWithRedis, RedisServer } from './redis-server.js'
import type { SiteCommand, SiteReport } from './site-process.js'

type ReportOf<Kind extends SiteReport['kind']> = Extract<SiteReport, { kind: Kind }>
type Mode = ReportOf<'mode'>['mode']

/** What an override promises, in milliseconds. */
const heldWithinMs = 2_000
const rounds = 4

/** A process of the site, as the test sees it. */
class SiteProcess {
  readonly reports: SiteReport[] = []
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    this.#child = child
    child.on('message', (report: SiteReport) => this.reports.push(report))
  }

  order(command: SiteCommand): void {
    this.#child.send(command)
  }

  /** Resolves to the first report of this kind from `from` on that fits. */
  async hear<Kind extends SiteReport['kind']>(
    kind: Kind,
    fits: (report: ReportOf<Kind>) => boolean = () => true,
    from = 0,
  ): Promise<ReportOf<Kind>> {
    for (;;) {
      const found = this.reports
        .slice(from)
        .find((report): report is ReportOf<Kind> => report.kind === kind && fits(report as ReportOf<Kind>))
      if (found !== undefined) return found
      await once(this.#child, 'message')
    }
  }

  /** Resolves to when this mode was first seen here, after what was reported before. */
  async changeTo(mode: Mode, from = this.reports.length): Promise<number> {
    return (await this.hear('mode', (report) => report.mode === mode, from)).atMs
  }

  get modes(): readonly Mode[] {
    return this.reports.flatMap((report) => (report.kind === 'mode' ? report.mode : []))
  }

  async statuses(): Promise<readonly string[]> {
    const from = this.reports.length
    this.order({ kind: 'read' })
    return (await this.hear('statuses', () => true, from)).statuses
  }

  async kill(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await exited
  }
}

describeWithRedis()('processes of one site on one Redis', () => {
  let server: RedisServer
  let bundled: BundledProcess
  const wires: CuttableWire[] = []
  const running: SiteProcess[] = []

  beforeAll(async () => {
    bundled = await BundledProcess.bundle(join(import.meta.dirname, 'site-process.ts'))
  }, 30_000)
  afterAll(() => bundled.close())
  beforeEach(async () => {
    server = await RedisServer.start()
  })
  afterEach(async () => {
    for (const site of running.splice(0)) await site.kill()
    for (const wire of wires.splice(0)) wire.close()
    await server.close()
  })

  describe.each(clientLibraries)('with $name', ({ name }) => {
    async function start(port = server.port): Promise<SiteProcess> {
      const site = new SiteProcess(bundled.start({ library: name, port }))
      running.push(site)
      await site.hear('store', ({ state }) => state === 'up')
      return site
    }

    async function kill(site: SiteProcess): Promise<void> {
      running.splice(running.indexOf(site), 1)
      await site.kill()
    }

    /** Sets a mode at one process. Resolves to the milliseconds until the other one has it. */
    async function spread(one: SiteProcess, other: SiteProcess, mode: Mode, forMs?: number): Promise<number> {
      const changes = [one.changeTo(mode), other.changeTo(mode)] as const
      one.order({ kind: 'override', mode, ...(forMs && { forMs }) })
      const [setMs, heldMs] = await Promise.all(changes)
      return heldMs - setMs
    }

    test('an override that one sets holds at the other within two seconds, `none` too', async () => {
      const [one, two] = [await start(), await start()]
      const tookMs: number[] = []
      for (let round = 0; round < rounds; round++) {
        const [from, to] = round % 2 ? [two, one] : [one, two]
        tookMs.push(await spread(from, to, 'pass', 60_000))
        tookMs.push(await spread(to, from, 'verify_only'))
        tookMs.push(await spread(from, to, 'none'))
      }
      const [first, last] = [Math.min(...tookMs), Math.max(...tookMs)]
      process.stdout.write(
        `${name}: ${tookMs.length} overrides held after ${Math.round(first)} to ${Math.round(last)} ms\n`,
      )
      expect(last).toBeLessThan(heldWithinMs)
    }, 60_000)

    test('an override ends at both at the same time, and at a process that started meanwhile', async () => {
      const [one, two] = [await start(), await start()]
      await spread(one, two, 'pass', 4_000)
      const three = await start()
      await three.hear('mode', ({ mode }) => mode === 'pass')
      const endedMs = await Promise.all([one, two, three].map((site) => site.changeTo('none')))
      const apartMs = Math.max(...endedMs) - Math.min(...endedMs)
      process.stdout.write(`${name}: three processes ended an override within ${Math.round(apartMs)} ms\n`)
      expect(apartMs).toBeLessThan(1_000)
    }, 30_000)

    test('an override outlives its processes: one that starts later has it within two seconds', async () => {
      const [one, two] = [await start(), await start()]
      await spread(one, two, 'pass', 60_000)
      await kill(one)
      await kill(two)
      const again = await start()
      const upMs = performance.timeOrigin + performance.now()
      const { atMs, by } = await again.hear('mode', ({ mode }) => mode === 'pass')
      expect(atMs - upMs).toBeLessThan(heldWithinMs)
      expect(by).toMatch(/^\d+$/)
      const later = await start()
      expect(await spread(again, later, 'none')).toBeLessThan(heldWithinMs)
    }, 30_000)

    test('a process that was cut off brings an older override to no other process', async () => {
      const wire = await CuttableWire.open(server.port)
      wires.push(wire)
      const [one, two] = [await start(), await start(wire.port)]
      const cutAt = two.reports.length
      wire.cut()
      await two.hear('store', ({ state }) => state === 'down', cutAt)
      const older = two.changeTo('pass')
      two.order({ kind: 'override', mode: 'pass', forMs: 60_000 })
      await older
      const newer = one.changeTo('verify_only')
      one.order({ kind: 'override', mode: 'verify_only' })
      await newer
      const adopted = two.changeTo('verify_only')
      wire.mend()
      await adopted
      await spread(one, two, 'none')
      expect(one.modes).toEqual(['none', 'verify_only', 'none'])
      expect(two.modes).toEqual(['none', 'pass', 'verify_only', 'none'])
    }, 30_000)

    test('each reads the status that the other publishes, and none is kept while none is published', async () => {
      const [one, two] = [await start(), await start()]
      expect(await one.statuses()).toEqual([])
      expect(await server.command(`EXISTS tcg:{190000001}:statuses`)).toBe(':0\r\n')
      two.order({ kind: 'publish', status: '{"process":"two"}' })
      while ((await one.statuses()).length === 0) await sleep(20)
      expect(await one.statuses()).toEqual(['{"process":"two"}'])
      expect(await two.statuses()).toEqual([])
    }, 30_000)
  })
})
