import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import type { SiteStatus, StatusReport } from '../../lib/status/index.js'
import { describeWithRedis, RedisServer } from '../store/redis/redis-server.js'
import { BundledProcess } from '../support/bundled-process.js'

jest.setTimeout(60_000)

/** One process with a status page. */
interface Process {
  readonly child: ChildProcess
  readonly pid: number
  readonly page: string
}

describeWithRedis()('the status page of two processes on one Redis', () => {
  let redis: RedisServer
  let bundled: BundledProcess
  let simulator: Simulator
  let first: Process
  let second: Process

  beforeAll(async () => {
    redis = await RedisServer.start()
    bundled = await BundledProcess.bundle(join(import.meta.dirname, 'status-process.ts'))
    simulator = await startSimulator()
    ;[first, second] = await Promise.all([start(), start()])
  })

  afterAll(async () => {
    bundled.close()
    await simulator.close()
    await redis.close()
  })

  async function start(): Promise<Process> {
    const { captchaAppId, appSecretKey, credential, url } = simulator
    const child = bundled.start({ redisPort: redis.port, endpoint: url, captchaAppId, appSecretKey, credential })
    const [{ port, pid }] = (await once(child, 'message')) as [{ port: number; pid: number }]
    return { child, pid, page: `http://127.0.0.1:${port}/ops/captcha` }
  }

  async function statusOf({ page }: Process): Promise<SiteStatus> {
    const response = await fetch(page, { headers: { accept: 'application/json' } })
    const { sites } = (await response.json()) as StatusReport
    return sites[0] as SiteStatus
  }

  /** Reads a process's page until it shows this. */
  async function untilShown(process: Process, isShown: (site: SiteStatus) => boolean): Promise<SiteStatus> {
    const endMs = Date.now() + 20_000
    for (;;) {
      const site = await statusOf(process)
      if (isShown(site)) return site
      if (Date.now() > endMs) throw new Error(`not shown: ${JSON.stringify(site.fleet.processes)}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  async function logIn({ child }: Process, userIp: string): Promise<string> {
    const answer = once(child, 'message')
    child.send({ ...simulator.mintTicket(), userIp })
    const [{ reason }] = (await answer) as [{ reason: string }]
    return reason
  }

  const sum = (counts: readonly number[] = []) => counts.reduce((all, count) => all + count, 0)

  test('shows both of them, and counts the verdicts of both, whichever answers', async () => {
    for (const userIp of ['203.0.113.1', '203.0.113.2', '203.0.113.3'])
      expect(await logIn(first, userIp)).toBe('verified')
    for (const userIp of ['203.0.113.4', '203.0.113.5']) expect(await logIn(second, userIp)).toBe('verified')
    for (const asked of [first, second]) {
      const { fleet } = await untilShown(asked, ({ fleet }) => sum(fleet.verdicts.verified) === 5)
      expect(fleet.processes.map(({ pid }) => pid).sort()).toEqual([first.pid, second.pid].sort())
      expect(fleet.processes[0]?.pid).toBe(asked.pid)
    }
  })

  test('shows the outage that one of them sees', async () => {
    simulator.setFault('internal_error')
    await logIn(first, '203.0.113.6')
    await untilShown(first, ({ fleet }) => fleet.api.state === 'outage')
    const { findings, fleet } = await untilShown(second, ({ findings: [worst] }) => worst.kind === 'api_outage')
    expect(findings[0]).toMatchObject({ kind: 'api_outage', path: { processes: 1 } })
    expect(fleet.processes.map(({ api }) => api)).toEqual(['healthy', 'outage'])
    simulator.setFault(null)
    await untilShown(second, ({ findings: [worst] }) => worst.kind === 'healthy')
  })

  test('sets an override that holds at the other one', async () => {
    const response = await fetch(`${first.page}/override`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ mode: 'verify_only', forMs: 60_000, reason: 'bots' }),
    })
    expect(response.status).toBe(200)
    const { override } = await untilShown(second, (site) => site.override.mode === 'verify_only')
    expect(override).toMatchObject({ by: 'ann: bots', until: expect.any(String) })
  })

  test('goes on alone when the store is down, and says so', async () => {
    await redis.kill()
    await logIn(first, '203.0.113.9')
    const { findings, fleet } = await untilShown(first, ({ fleet }) => fleet.processes.length === 1)
    expect(findings.map(({ kind }) => kind)).toContain('store_down')
    expect(fleet.processes[0]).toMatchObject({ pid: first.pid, store: 'down' })
  })
})
