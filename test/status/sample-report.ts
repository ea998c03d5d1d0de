import type { CaptchaReason, DegradationCause } from '../../lib/admission/cause-table.js'
import type { GuardSnapshot } from '../../lib/guard/guard-types.js'
import { createCounters } from '../../lib/report/counters.js'
import { mergeProcesses } from '../../lib/status/fleet-view.js'
import { type ProcessStatus, processStatus } from '../../lib/status/process-status.js'
import { StatusRecorder } from '../../lib/status/recording/status-recorder.js'
import { type StatusReport, siteStatus } from '../../lib/status/status-report.js'
import { ManualClock } from '../support/manual-clock.js'

/** 02:55 of a night at the server. */
export const nightMs = new Date(2026, 2, 14, 2, 55, 20).getTime()
const iso = (epochMs: number) => new Date(epochMs).toISOString()
const minutes = (count: number) => count * 60_000

/** A healthy guard with the defaults; `change` is laid over it. */
export function snapshot(change: Partial<GuardSnapshot> = {}): GuardSnapshot {
  const since = iso(nightMs - minutes(60 * 26))
  return {
    captchaAppId: 190000001,
    siteId: 'site',
    guardId: 'guard',
    mode: 'enforce',
    override: { mode: 'none' },
    api: { state: 'healthy', since, why: 'the API answers' },
    clientPath: { state: 'healthy', since, why: 'the vendor script can be fetched' },
    circuit: { state: 'closed', consecutiveFailures: 0, callsUnderWay: 2 },
    endpoints: ['com', 'cn', 'com.cn'].map((ending, index) => ({
      url: `https://captcha.tencentcloudapi.${ending}`,
      inUse: index === 0,
      preferred: index === 0,
      state: index === 0 ? 'healthy' : 'unknown',
      since,
      onTrial: index > 0,
    })),
    credential: { source: 'provider', ageMs: minutes(14), expiresAt: iso(nightMs + minutes(46)) },
    purses: {
      outage: {
        perMinute: 360,
        capacity: 60,
        remaining: 60,
        taken: 0,
        refusedByClientLimit: 0,
        refusedByTotal: 0,
        perClient: { limit: 20, windowMs: 60_000 },
        basis: 'baseline',
      },
      doubt: {
        perMinute: 10,
        capacity: 10,
        remaining: 9,
        taken: 7,
        refusedByClientLimit: 1,
        refusedByTotal: 0,
        perClient: { limit: 3, windowMs: 600_000 },
        basis: 'floor',
      },
    },
    baselinePerMinute: 120,
    referencePerMinute: 140,
    counters: createCounters(),
    late: { waiting: 0, genuine: 0, refused: 0, inconclusive: 0 },
    store: { kind: 'redis', state: 'up', processes: 2 },
    inFlight: 2,
    ...change,
  }
}

/** An API outage of 42 minutes, seen by every process. */
export const outageSnapshot = snapshot({
  api: { state: 'outage', since: iso(nightMs - minutes(42)), why: 'circuit open: canary_failed' },
  circuit: {
    state: 'open',
    why: 'canary_failed',
    consecutiveFailures: 9,
    callsUnderWay: 0,
    lastCanary: { result: 'failed', agoMs: 3000 },
    nextCanaryInMs: 5000,
  },
  endpoints: snapshot().endpoints.map((endpoint) => ({
    ...endpoint,
    state: 'failed',
    since: iso(nightMs - minutes(42)),
    lastCanary: { result: 'failed', agoMs: 3000 },
  })),
  purses: {
    outage: {
      ...snapshot().purses.outage,
      remaining: 38,
      taken: 4121,
      refusedByClientLimit: 402,
      refusedByTotal: 0,
    },
    doubt: { ...snapshot().purses.doubt, taken: 12 },
  },
  late: { waiting: 812, genuine: 0, refused: 0, inconclusive: 0 },
  inFlight: 0,
})

/** A process that has run through an hour; `outageMinute` is when its API failed, minutes before now. */
export function recorded(name: string, own: GuardSnapshot, outageMinute?: number, endMinute = -1): ProcessStatus {
  const clock = new ManualClock(nightMs - minutes(60))
  const recorder = new StatusRecorder(clock)
  const wave = (minute: number) => 1 + 0.25 * Math.sin(minute / 4) + 0.1 * Math.sin(minute * 2.1)
  const tell = (reason: CaptchaReason, passed: boolean, known: boolean, fields: object = {}) => {
    const degraded = 'cause' in fields
    recorder.verdict({ verdict: { reason, passed, degraded } as never, known, fields: () => fields })
  }
  for (let minute = 60; minute >= 0; minute--) {
    const isBroken = outageMinute !== undefined && minute <= outageMinute && minute > endMinute
    if (minute === outageMinute) recorder.path('api', 'outage', 'circuit open: canary_failed')
    if (minute === endMinute && outageMinute !== undefined && endMinute > 0) {
      recorder.path('api', 'healthy', 'the API answers')
    }
    const requests = Math.round(60 * wave(minute) * (minute === 0 ? 0.3 : 1))
    for (let index = 0; index < requests; index++) {
      if (!isBroken) {
        if (index % 19 === 7) tell('ticket_expired', false, false)
        else if (index % 23 === 9) tell('risk_rejected', false, false)
        else tell('verified', true, index % 8 < 5)
        recorder.call('captcha.tencentcloudapi.com', true, 80 + ((index * 37) % 60) + (index % 40 === 3 ? 240 : 0))
      } else {
        degradedRequest(index, minute === outageMinute ? 'timeout' : 'circuit_open', tell)
      }
    }
    advance(clock, minutes(1) - (minute === 0 ? minutes(1) : 0))
  }
  const identity = { id: name, host: name, pid: 4711, startedAtMs: nightMs - minutes(60 * 26) }
  return processStatus(identity, nightMs - (name === 'web-1' ? 0 : 1400), own, recorder.read())
}

/** The manual clock moves at once; nothing waits for its timers here. */
function advance(clock: ManualClock, ms: number): void {
  void clock.block(ms)
}

type Tell = (reason: CaptchaReason, passed: boolean, known: boolean, fields?: object) => void

function degradedRequest(index: number, cause: DegradationCause, tell: Tell): void {
  const fields = {
    event: 'captcha_degraded',
    captchaAppId: 190000001,
    cause,
    ticketHash: String(910_374_002_551 + index * 7919),
    userIp: `203.0.${(index * 7) % 200}.0/24`,
    stage: 'resolve',
    rule: 'pass',
    ruleFrom: 'default',
    evidence: 'outage',
    evidenceWhy: 'circuit open: canary_failed',
    purse: 'outage',
    purseUsed: 1 + (index % 3),
    purseLimit: 20,
    purseRemaining: 40,
    durationMs: cause === 'timeout' ? 612 : 0,
  }
  const isLimited = index % 11 === 5
  const isFallback = index % 13 === 4
  if (isLimited) {
    const bot = { ...fields, userIp: '198.51.100.0/24', purseUsed: 20, exhaustedBy: 'client' }
    return tell('budget_exhausted', false, false, { ...bot, reason: 'budget_exhausted', passed: false })
  }
  const passCause = isFallback ? 'client_fallback' : cause
  const code = isFallback && { clientErrorCode: 1001 }
  tell(passCause, true, index % 8 < 5, { ...fields, ...code, cause: passCause, reason: passCause, passed: true })
}

const kinds = {
  healthy: () => siteOf(snapshot(), undefined),
  outage: () => siteOf(outageSnapshot, 42),
  back: () =>
    siteOf(
      snapshot({
        api: { state: 'healthy', since: iso(nightMs - minutes(12)), why: 'the API answers' },
        late: { waiting: 0, genuine: 655, refused: 121, inconclusive: 36 },
      }),
      42,
      12,
    ),
  overridden: () =>
    siteOf(
      snapshot({
        override: { mode: 'pass', by: 'lin.wei: Tencent announced a repair', until: iso(nightMs + minutes(11)) },
      }),
      undefined,
    ),
}

function siteOf(own: GuardSnapshot, outageMinute: number | undefined, endMinute?: number) {
  const processes = ['web-1', 'web-2'].map((name) => recorded(name, own, outageMinute, endMinute))
  return siteStatus([['login', own]], mergeProcesses(processes as [ProcessStatus, ...ProcessStatus[]]))
}

/** A report as the page shows it. */
export function sampleReport(kind: keyof typeof kinds): StatusReport {
  return { version: 1, at: iso(nightMs), sites: [kinds[kind]()] }
}
