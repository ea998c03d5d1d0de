import { describe, expect, test } from '@jest/globals'
import { Registry } from 'prom-client'
import { captchaGuard, memoryStore } from '../../lib/index.js'
import { captchaMetrics } from '../../lib/prometheus/index.js'
import { clientIp, fallbackTicket, until } from '../flow/support.js'
import { registerMetrics, startMetricsApp } from './metrics-app.js'

const verdicts = 'tencent_captcha_verdicts_total'
const pathState = 'tencent_captcha_path_state'

test('from healthy to an outage and back, as a scrape over HTTP sees it', async () => {
  const { simulator, guards, post, scrape } = await startMetricsApp()
  const guard = 'login'
  await post('login', simulator.mintTicket())
  await post('login', simulator.mintTicket())
  await post('login', {})

  const healthy = await scrape()
  expect(healthy.value(verdicts, { guard, channel: 'web', result: 'verified' })).toBe(2)
  expect(healthy.value(verdicts, { guard, result: 'refused', reason: 'ticket_missing' })).toBe(1)
  expect(healthy.states(pathState, 'state', { guard, path: 'api' })).toEqual(['healthy'])
  expect(healthy.states('tencent_captcha_circuit_state', 'state', { guard })).toEqual(['closed'])
  expect(healthy.value('tencent_captcha_verified_passes_total', { guard, known: 'false' })).toBe(1)
  expect(healthy.value('tencent_captcha_verified_passes_total', { guard, known: 'true' })).toBe(1)
  expect(healthy.value('tencent_captcha_verified_known_ratio', { guard })).toBe(0.5)
  const endpoint = new URL(simulator.url).host
  expect(healthy.value('tencent_captcha_endpoint_in_use', { guard, endpoint, preferred: 'true' })).toBe(1)
  const duration = 'tencent_captcha_call_duration_seconds'
  expect(healthy.value(`${duration}_count`, { guard, endpoint, kind: 'ticket' })).toBe(2)
  expect(healthy.value(`${duration}_sum`, { guard, endpoint, kind: 'ticket' })).toBeLessThan(4)
  expect(healthy.value(`${duration}_bucket`, { guard, endpoint, kind: 'ticket', le: '+Inf' })).toBe(2)

  simulator.setFault('internal_error')
  await post('login', simulator.mintTicket())
  await until(() => guards.login.snapshot().circuit.state === 'open')
  await post('login', simulator.mintTicket())
  const outage = await scrape()
  expect(outage.states(pathState, 'state', { guard, path: 'api' })).toEqual(['outage'])
  expect(outage.states('tencent_captcha_circuit_state', 'state', { guard })).toEqual(['open'])
  expect(outage.states('tencent_captcha_circuit_open', 'why', { guard })).toEqual(['canary_failed'])
  expect(outage.value(verdicts, { guard, result: 'degraded_pass', cause: 'circuit_open' })).toBe(1)
  expect(outage.value('tencent_captcha_late_waiting_tickets', { guard })).toBeGreaterThan(0)
  const since = outage.value('tencent_captcha_path_state_since_timestamp_seconds', { guard, path: 'api' })
  expect(Math.abs((since ?? 0) - Date.now() / 1000)).toBeLessThan(60)
  const capacity = outage.value('tencent_captcha_purse_capacity_passes', { guard, purse: 'outage' })
  expect(outage.value('tencent_captcha_purse_remaining_passes', { guard, purse: 'outage' })).toBeLessThan(capacity ?? 0)

  simulator.setFault(null)
  await until(() => guards.login.snapshot().late.genuine === 2)
  const back = await scrape()
  expect(back.states(pathState, 'state', { guard, path: 'api' })).toEqual(['healthy'])
  expect(back.states('tencent_captcha_circuit_state', 'state', { guard })).toEqual(['closed'])
  expect(back.states('tencent_captcha_circuit_open', 'why', { guard })).toEqual([])
  expect(back.value('tencent_captcha_late_verdicts_total', { guard, outcome: 'genuine' })).toBe(2)
  expect(back.value('tencent_captcha_late_waiting_tickets', { guard })).toBe(0)
  expect(back.value('tencent_captcha_calls_total', { guard, kind: 'late', outcome: 'verified' })).toBe(2)
  expect(back.value('tencent_captcha_calls_total', { guard, kind: 'canary', outcome: 'risk_rejected' })).toBe(1)
})

describe('several guards', () => {
  test('count what they decide apart, and each show what belongs to their site', async () => {
    const { simulator, post, scrape } = await startMetricsApp()
    await post('login', simulator.mintTicket())
    const said = await scrape()
    expect(said.value(verdicts, { guard: 'login', result: 'verified' })).toBe(1)
    expect(said.value(verdicts, { guard: 'comment', result: 'verified' })).toBe(0)
    for (const guard of ['login', 'comment']) {
      expect(said.value('tencent_captcha_calls_total', { guard, outcome: 'verified' })).toBe(1)
    }
    expect(said.samples('tencent_captcha_guard_info').map(({ labels }) => labels)).toEqual([
      { guard: 'login', captcha_app_id: String(simulator.captchaAppId), mode: 'enforce' },
      { guard: 'comment', captcha_app_id: String(simulator.captchaAppId), mode: 'observe' },
    ])
  })

  test('that are not registered are not counted', async () => {
    const { simulator, guards, register, metrics } = await startMetricsApp()
    metrics.close()
    registerMetrics(guards.login, register)
    await guards.comment.check({ ...simulator.mintTicket(), userIp: '203.0.113.7' })
    await guards.login.check({ ...simulator.mintTicket(), userIp: '203.0.113.7' })
    const text = await register.getSingleMetricAsString(verdicts)
    expect(text).toContain('guard="default",channel="web",result="verified",reason="verified",cause=""} 1')
    expect(text).not.toContain('comment')
  })
})

test('a mini program’s verdicts are apart from those of the web, and begin at zero with the first of them', async () => {
  const { guards, simulator, scrape } = await startMetricsApp()
  const guard = 'login'
  expect((await scrape()).samples(verdicts, { guard, channel: 'mini_program' })).toEqual([])
  const { ticket } = simulator.mintTicket({ channel: 'mini_program' })
  await guards.login.check({ ticket, userIp: '203.0.113.7', channel: 'mini_program' })
  const said = await scrape()
  expect(said.value(verdicts, { guard, channel: 'mini_program', result: 'verified' })).toBe(1)
  expect(said.value(verdicts, { guard, channel: 'mini_program', result: 'degraded_pass', cause: 'timeout' })).toBe(0)
  expect(said.value(verdicts, { guard, channel: 'web', result: 'verified' })).toBe(0)
})

describe('what belongs to operations', () => {
  test('is there: override, store, purses, credential', async () => {
    const { guards, scrape } = await startMetricsApp({ store: memoryStore() })
    guards.login.override('pass', { forMs: 60_000, by: 'ops' })
    await until(() => guards.login.snapshot().store.state === 'up')
    const said = await scrape()
    const guard = 'login'
    expect(said.states('tencent_captcha_override', 'mode', { guard })).toEqual(['pass'])
    const untilSeconds = said.value('tencent_captcha_override_until_timestamp_seconds', { guard }) ?? 0
    expect(untilSeconds - Date.now() / 1000).toBeGreaterThan(30)
    expect(untilSeconds - Date.now() / 1000).toBeLessThanOrEqual(60)
    expect(said.value('tencent_captcha_store_up', { guard, kind: 'memory' })).toBe(1)
    expect(said.value('tencent_captcha_store_processes', { guard })).toBe(1)
    expect(said.value('tencent_captcha_purse_refill_per_second', { guard, purse: 'outage' })).toBe(10)
    expect(said.value('tencent_captcha_credential_failing', { guard })).toBe(0)
  })

  test('has no sample where nothing is known: baseline, reference, age of keys, an override’s end', async () => {
    const { scrape } = await startMetricsApp()
    const said = await scrape()
    for (const name of [
      'tencent_captcha_baseline_per_second',
      'tencent_captcha_reference_per_second',
      'tencent_captcha_credential_age_seconds',
      'tencent_captcha_credential_expiry_timestamp_seconds',
      'tencent_captcha_override_until_timestamp_seconds',
      'tencent_captcha_verified_known_ratio',
    ]) {
      expect(said.samples(name)).toEqual([])
      expect(said.text).toContain(`# TYPE ${name} gauge`)
    }
  })

  test('shows the age and the end of keys that a provider gives', async () => {
    const keys: { fail: boolean } = { fail: false }
    const register = new Registry()
    const { simulator, metrics, guards } = await startMetricsApp()
    metrics.close()
    const credential = {
      async getCredential() {
        if (keys.fail) throw new Error('away')
        return { ...simulator.credential, expiresAtMs: Date.now() + 3_600_000 }
      },
    }
    for (const guard of Object.values(guards)) await guard.close()
    const guard = captchaGuard({
      captchaAppId: simulator.captchaAppId,
      appSecretKey: simulator.appSecretKey,
      endpoint: simulator.url,
      credential,
      logger: false,
    })
    registerMetrics({ login: guard }, register)
    await guard.check({ ...simulator.mintTicket(), userIp: '203.0.113.7' })
    const text = await register.metrics()
    expect(text).toMatch(/tencent_captcha_credential_age_seconds\{guard="login"\} [\d.]+\n/)
    expect(text).toMatch(/tencent_captcha_credential_expiry_timestamp_seconds\{guard="login"\} 1[\d.]+(e\+?\d+)?\n/)
    await guard.close()
  })

  test('counts what each limit of a purse refuses', async () => {
    const { simulator, post, scrape } = await startMetricsApp()
    for (let n = 0; n < 5; n++) {
      await post('login', fallbackTicket(simulator.captchaAppId, { randstr: `@${n}` }))
    }
    const said = await scrape()
    const labels = { guard: 'login', purse: 'doubt' }
    expect(said.value('tencent_captcha_purse_refusals_total', { ...labels, limit: 'client' })).toBe(2)
    expect(said.value('tencent_captcha_purse_refusals_total', { ...labels, limit: 'total' })).toBe(0)
    expect(said.value(verdicts, { guard: 'login', reason: 'budget_exhausted', cause: 'client_fallback' })).toBe(2)
    const again = await scrape()
    expect(again.value('tencent_captcha_purse_refusals_total', { ...labels, limit: 'client' })).toBe(2)
  })
})

describe('hostile input', () => {
  test('makes no new series, and no value of a caller becomes a label', async () => {
    const { simulator, post, scrape } = await startMetricsApp()
    const seriesOf = (text: string) =>
      text
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.slice(0, line.lastIndexOf(' ')))
    await post('login', simulator.mintTicket())
    const mark = 'hostile-mark'
    const before = new Set(seriesOf((await scrape()).text))
    for (let n = 0; n < 120; n++) {
      const ip = clientIp(n)
      await post('login', { ticket: `${mark}${n}`, randstr: `@${mark}${n}` }, ip)
      await post('login', { ticket: [mark], randstr: n }, ip)
      await post('login', fallbackTicket(simulator.captchaAppId, { code: 1000 + n, tail: `_${mark}` }), ip)
      await post('login', simulator.mintTicket({ code: n }), ip)
    }
    const after = await scrape()
    expect(after.text).not.toContain(mark)
    expect(after.text).not.toContain('198.51.')
    const added = seriesOf(after.text).filter((series) => !before.has(series))
    // Histograms have a row for each result and kind, and calls one for each outcome.
    expect(added.filter((series) => !/_duration_seconds|_calls_total/.test(series))).toEqual([])
    expect(new Set(added.filter((series) => /_calls_total/.test(series))).size).toBeLessThan(40)
    const total = after.samples(verdicts, { guard: 'login' }).reduce((sum, { value }) => sum + Number(value), 0)
    expect(total).toBe(1 + 4 * 120)
  }, 30_000)
})

describe('registration', () => {
  test('twice on one registry is a clear error, and leaves the first as it is', async () => {
    const { guards, register, scrape } = await startMetricsApp()
    expect(() => captchaMetrics(guards.login, register)).toThrow(
      new TypeError(
        'tencent-captcha-guard: the registry has these metrics already. Pass all guards in one call, captchaMetrics({ login, pay }, register), or close() the first ones.',
      ),
    )
    expect((await scrape()).samples('tencent_captcha_guard_info')).toHaveLength(2)
  })

  test('on two registries counts on both', async () => {
    const { simulator, guards, post, scrape } = await startMetricsApp()
    const other = new Registry()
    const second = registerMetrics({ door: guards.login }, other)
    await post('login', simulator.mintTicket())
    expect((await scrape()).value(verdicts, { guard: 'login', result: 'verified' })).toBe(1)
    expect(await other.metrics()).toContain(
      'guard="door",channel="web",result="verified",reason="verified",cause=""} 1',
    )
    second.close()
  })

  test('can be taken back, twice too, and made anew; metrics of others stay', async () => {
    const { simulator, guards, register, metrics, post } = await startMetricsApp()
    const others = new Registry()
    others.registerMetric(register.getSingleMetric(verdicts) as never)
    metrics.close()
    metrics.close()
    expect(await register.metrics()).toBe('\n')
    const before = await others.metrics()
    await post('login', simulator.mintTicket())
    expect(await others.metrics()).toBe(before)
    captchaMetrics(guards, register).close()
    expect(await register.metrics()).toBe('\n')
  })

  test('close() takes no metric that was made after it', async () => {
    const { guards, register, metrics } = await startMetricsApp()
    metrics.close()
    const second = registerMetrics(guards, register)
    metrics.close()
    expect(register.getSingleMetric(verdicts)).toBeDefined()
    second.close()
  })

  test.each([
    ['nothing', undefined, 'needs a guard'],
    ['no guards', {}, 'needs a guard'],
    ['what is no guard', { login: () => {} }, '`login` of captchaMetrics() is no guard'],
  ])('refuses %s', (_, guards, message) => {
    expect(() => captchaMetrics(guards as never, new Registry())).toThrow(TypeError)
    expect(() => captchaMetrics(guards as never, new Registry())).toThrow(message)
  })

  test('refuses to do without a registry', async () => {
    const { guards } = await startMetricsApp()
    expect(() => captchaMetrics(guards, undefined as never)).toThrow('needs a registry of prom-client')
  })
})

test('names and labels follow the conventions of Prometheus', async () => {
  const { simulator, post, register, scrape } = await startMetricsApp()
  await post('login', simulator.mintTicket())
  const { text } = await scrape()
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type] as const)
  expect(types.length).toBeGreaterThan(20)
  for (const [name, type] of types) {
    expect(name).toMatch(/^tencent_captcha_[a-z_]+$/)
    expect(text).toMatch(new RegExp(`^# HELP ${name} [A-Z1].*\\.$`, 'm'))
    expect(name.endsWith('_total')).toBe(type === 'counter')
    if (type === 'histogram') expect(name).toMatch(/_seconds$/)
    expect(name).not.toMatch(/_(ms|milliseconds|minutes?|percent)(_|$)/)
  }
  for (const metric of register.getMetricsAsArray() as unknown as { labelNames: string[] }[]) {
    expect(metric.labelNames[0]).toBe('guard')
  }
})

test('one scrape takes one snapshot of each guard', async () => {
  const { simulator, guards, metrics, register } = await startMetricsApp()
  metrics.close()
  let snapshots = 0
  const counting = Object.assign((...args: Parameters<typeof guards.login>) => guards.login(...args), guards.login, {
    snapshot() {
      snapshots++
      return guards.login.snapshot()
    },
  })
  registerMetrics({ login: counting }, register)
  await simulator.close()
  snapshots = 0
  await register.metrics()
  expect(snapshots).toBe(1)
  await register.metrics()
  expect(snapshots).toBe(2)
})
