import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { channel } from 'node:diagnostics_channel'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from '@jest/globals'
import {
  type CallMessage,
  captchaChannels,
  type LateVerdictMessage,
  memoryStore,
  type OverrideMessage,
  type StateMessage,
  type VerdictMessage,
  type VerifyMessage,
} from '../../lib/index.js'
import { hear } from '../support/heard-channel.js'
import { breakApi, type Flow, logBook, quickCircuit, startFlow, until } from './support.js'

const traceName = (stage: string) => `tracing:${captchaChannels.verify}:${stage}`

/** Stages of the traces, in order, each with what its message said of the end. */
function hearTrace() {
  const heard: [string, Partial<VerifyMessage>][] = []
  for (const stage of ['start', 'end', 'asyncStart', 'asyncEnd', 'error']) {
    hear<VerifyMessage>(traceName(stage), ({ result, error, abandoned }) => {
      heard.push([
        stage,
        { ...(result && { result }), ...(error !== undefined && { error }), ...(abandoned && { abandoned }) },
      ])
    })
  }
  return heard
}

function idsOf({ guard }: Pick<Flow, 'guard'>) {
  const { captchaAppId, siteId, guardId } = guard.snapshot()
  return { captchaAppId, siteId, guardId }
}

describe('the ids of guard and site', () => {
  test('are in the snapshot, short, and the site’s is that of all its guards', async () => {
    const flow = await startFlow()
    const second = flow.newGuard(flow.options)
    const [ids, others] = [idsOf(flow), idsOf({ guard: second })]
    expect(ids).toEqual({
      captchaAppId: flow.simulator.captchaAppId,
      siteId: expect.stringMatching(/^[0-9a-f]{8}$/),
      guardId: expect.stringMatching(/^[0-9a-f]{8}$/),
    })
    expect(others.siteId).toBe(ids.siteId)
    expect(others.guardId).not.toBe(ids.guardId)
  })
})

describe('a verdict', () => {
  test('says whose it is, whether the client was known before, and the fields of its log line', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ options: { logger } })
    const fields: object[] = []
    const heard = hear<VerdictMessage>(captchaChannels.verdict, (message) => fields.push(message.fields()))
    const token = flow.mint()
    const first = await flow.send(token)
    await flow.send(flow.mint())
    await flow.send({})
    expect(heard).toEqual([
      { ...idsOf(flow), verdict: first.captcha, channel: 'web', known: false, fields: expect.any(Function) },
      expect.objectContaining({ known: true }),
      expect.objectContaining({ known: true }),
    ])
    expect(fields).toEqual(lines.map(({ level, time, pid, hostname, msg, ...line }) => line))
    expect(fields).toMatchObject([
      { guardId: idsOf(flow).guardId, clientKnown: false, userIp: '203.0.113.0/24', reason: 'verified' },
      { clientKnown: true },
      { clientKnown: true, reason: 'ticket_missing' },
    ])
    const said = JSON.stringify([heard, fields])
    for (const secret of [token.ticket, token.randstr, '203.0.113.7', flow.simulator.appSecretKey]) {
      expect(said).not.toContain(secret)
    }
  })

  test('of two guards on one request calls the client new both times', async () => {
    const flow = await startFlow({
      route: (guard, { watch, options, newGuard }) => [watch(guard), watch(newGuard({ ...options, mode: 'observe' }))],
    })
    const heard = hear<VerdictMessage>(captchaChannels.verdict)
    await flow.send(flow.mint())
    expect(heard.map(({ verdict, known }) => [verdict.reason, known])).toEqual([
      ['verified', false],
      ['verified', false],
    ])
    expect(new Set(heard.map(({ guardId }) => guardId)).size).toBe(2)
    expect(new Set(heard.map(({ siteId }) => siteId)).size).toBe(1)
  })

  test('of a client that the application vouches for calls it known', async () => {
    const flow = await startFlow({ options: { knownAs: () => 'user-1' } })
    const heard = hear<VerdictMessage>(captchaChannels.verdict)
    await flow.send(flow.mint())
    expect(heard).toMatchObject([{ verdict: { reason: 'verified' }, known: true }])
  })

  test('hides the address as `logUserIp` says', async () => {
    const flow = await startFlow({ options: { logUserIp: false } })
    const fields: object[] = []
    hear<VerdictMessage>(captchaChannels.verdict, (message) => fields.push(message.fields()))
    await flow.send(flow.mint())
    expect(fields).toHaveLength(1)
    expect(fields[0]).not.toHaveProperty('userIp')
  })
})

describe('the trace around a decision', () => {
  test('that asks Tencent ends its first part before the verdict is there', async () => {
    const flow = await startFlow()
    const heard = hearTrace()
    const { captcha: result } = await flow.send(flow.mint())
    expect(heard).toEqual([
      ['start', {}],
      ['end', {}],
      ['asyncStart', { result }],
      ['asyncEnd', { result }],
    ])
  })

  test('that needs no call has its verdict before its first part ends', async () => {
    const flow = await startFlow()
    const heard = hearTrace()
    const { captcha: result } = await flow.send({})
    expect(heard).toEqual([
      ['start', {}],
      ['asyncStart', { result }],
      ['asyncEnd', { result }],
      ['end', { result }],
    ])
  })

  test('ends with the exception where a rule of the application throws', async () => {
    const error = new RangeError('a rule')
    const rules = {
      client_fallback: () => {
        throw error
      },
    }
    const flow = await startFlow({ options: { degradation: { rules } } })
    const heard = hearTrace()
    await flow.send(flow.fallback())
    expect(flow.errors).toEqual([error])
    expect(heard.map(([stage]) => stage)).toEqual(['start', 'error', 'asyncStart', 'asyncEnd', 'end'])
    expect(heard[2]).toEqual(['asyncStart', { error }])
  })

  test('ends, without a verdict, where the client goes away', async () => {
    const flow = await startFlow()
    const heard = hearTrace()
    flow.simulator.setFault('hang')
    const leaving = request(flow.url, { method: 'POST', headers: { 'content-type': 'application/json' } })
    leaving.on('error', () => {})
    leaving.end(JSON.stringify(flow.mint()))
    await until(() => heard.length === 2)
    leaving.destroy()
    await until(() => heard.length === 4)
    expect(heard.slice(2)).toEqual([
      ['asyncStart', { abandoned: true }],
      ['asyncEnd', { abandoned: true }],
    ])
  })

  test('is there for check() as well, and ends where its signal is aborted', async () => {
    const flow = await startFlow()
    const heard = hearTrace()
    const stop = new AbortController()
    flow.simulator.setFault('hang')
    const checked = flow.guard.check({ ...flow.mint(), userIp: '203.0.113.7', signal: stop.signal })
    await until(() => heard.length === 2)
    stop.abort(new Error('gone'))
    await expect(checked).rejects.toThrow('gone')
    expect(heard.slice(2).map(([stage, said]) => [stage, said.abandoned])).toEqual([
      ['asyncStart', true],
      ['asyncEnd', true],
    ])
  })

  test('carries a store into the decision and its verdict, and not into the handler behind it', async () => {
    const storage = new AsyncLocalStorage<string>()
    const request = new AsyncLocalStorage<string>()
    const start = channel(traceName('start'))
    start.bindStore(storage, () => 'verification')
    const seen: [string, string | undefined, string | undefined][] = []
    const note = (where: string) => seen.push([where, storage.getStore(), request.getStore()])
    hear(captchaChannels.verdict, () => note('verdict'))
    try {
      const flow = await startFlow({
        before: [(_req, _res, next) => request.run('request', next)],
        handler(_req, res) {
          note('handler')
          res.json({})
        },
        options: { mode: 'observe' },
      })
      await flow.send(flow.mint())
      await flow.send({})
    } finally {
      start.unbindStore(storage)
    }
    expect(seen).toEqual([
      ['verdict', 'verification', 'request'],
      ['handler', undefined, 'request'],
      ['verdict', 'verification', 'request'],
      ['handler', undefined, 'request'],
    ])
  })

  test('passes no request whose trace throws undefined', async () => {
    const flow = await startFlow()
    const storage = new AsyncLocalStorage()
    const throwing = () => {
      throw undefined
    }
    // Which of them a channel calls depends on the version of Node.
    Object.assign(storage, { run: throwing, withScope: throwing })
    const start = channel(traceName('start'))
    start.bindStore(storage)
    try {
      expect((await flow.send({})).status).toBe(500)
      expect([flow.handled, flow.errors]).toEqual([0, [expect.objectContaining({ cause: undefined })]])
    } finally {
      start.unbindStore(storage)
    }
  })
})

describe('a state', () => {
  test('is told of the API’s path and of the circuit as an outage comes and goes', async () => {
    const flow = await startFlow({ options: { degradation: { circuit: quickCircuit } } })
    const heard = hear<StateMessage>(captchaChannels.state)
    await breakApi(flow)
    flow.simulator.setFault(null)
    await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'closed')
    const { guardId: _, ...site } = idsOf(flow)
    const told = (kind: string) => heard.filter((message) => message.kind === kind)
    expect(told('circuit')).toEqual([
      { ...site, kind: 'circuit', before: 'closed', state: 'suspect', why: 'call_failed' },
      { ...site, kind: 'circuit', before: 'suspect', state: 'open', why: 'canary_failed' },
      { ...site, kind: 'circuit', before: 'open', state: 'closed' },
    ])
    const path = { ...site, kind: 'path', path: 'api', since: expect.stringMatching(/^\d{4}-.*Z$/) }
    expect(told('path')).toEqual([
      { ...path, before: 'healthy', state: 'suspect', why: 'call_failed' },
      { ...path, before: 'suspect', state: 'outage', why: 'circuit open: canary_failed' },
      { ...path, before: 'outage', state: 'healthy', why: 'the API answers' },
    ])
    expect(heard).toHaveLength(6)
  })

  test('is told of a move to another endpoint and back', async () => {
    const flow = await startFlow()
    const heard = hear<StateMessage>(captchaChannels.state)
    const unused = 'http://127.0.0.1:9'
    const guard = flow.newGuard({
      ...flow.options,
      endpoint: [unused, flow.simulator.url],
      degradation: { circuit: quickCircuit },
    })
    await flow.turnFor(guard.check({ ...flow.mint(), userIp: '203.0.113.7' }))
    await flow.turnUntil(() => heard.some(({ kind }) => kind === 'endpoint'))
    expect(heard.filter(({ kind }) => kind === 'endpoint')).toMatchObject([
      { from: `${unused}/`, to: `${flow.simulator.url}/`, why: 'canary_failed', onTrial: true },
    ])
  })

  test('is told of a store that goes down and is back', async () => {
    let isUp = true
    const memory = memoryStore()
    const store: typeof memory = {
      ...memory,
      kind: 'double',
      connect(context) {
        const session = memory.connect(context)
        const isolated = Object.create(session) as typeof session
        isolated.heartbeat = async (learned) => {
          if (!isUp) throw new Error('connection lost')
          return session.heartbeat(learned)
        }
        isolated.recordVerified = async (verified) => {
          if (!isUp) throw new Error('connection lost')
          return session.recordVerified(verified)
        }
        return isolated
      },
    }
    const flow = await startFlow({ options: { store } })
    const heard = hear<StateMessage>(captchaChannels.state)
    await flow.send(flow.mint())
    isUp = false
    await flow.send(flow.mint())
    isUp = true
    await flow.turnUntil(() => heard.length === 2)
    expect(heard).toMatchObject([
      { kind: 'store', state: 'down', why: 'connection lost' },
      { kind: 'store', state: 'up' },
    ])
  })

  test('is told of a provider of keys that fails, without a key', async () => {
    const flow = await startFlow()
    const heard = hear<StateMessage>(captchaChannels.state)
    const credential = { getCredential: () => Promise.reject(new Error('metadata is away')) }
    const guard = flow.newGuard({ ...flow.options, credential, endpoint: 'http://127.0.0.1:9' })
    await flow.turnFor(guard.check({ ...flow.mint(), userIp: '203.0.113.7' }))
    expect(heard.filter(({ kind }) => kind === 'credential')[0]).toMatchObject({
      captchaAppId: flow.simulator.captchaAppId,
      problem: expect.stringContaining('getCredential()'),
    })
  })
})

test('an override is told once for a site, as it holds from then on, and when its time is over', async () => {
  const flow = await startFlow()
  flow.newGuard({ ...flow.options, mode: 'observe' })
  const heard = hear<OverrideMessage>(captchaChannels.override)
  flow.guard.override('verify_only', { by: 'ops' })
  flow.guard.override('pass', { forMs: 50, by: 'ops' })
  await flow.clock.advance(49)
  expect(heard).toHaveLength(2)
  await flow.clock.advance(1)
  const { guardId: _, ...site } = idsOf(flow)
  expect(heard).toEqual([
    { ...site, mode: 'verify_only', by: 'ops', why: 'set' },
    { ...site, mode: 'pass', by: 'ops', why: 'set', until: expect.stringMatching(/^\d{4}-.*Z$/) },
    { ...site, mode: 'none', by: 'ops', why: 'expired' },
  ])
})

test('a late verdict says which pass it is about, and its log line says the same', async () => {
  const { logger, lines } = logBook()
  const flow = await startFlow({ options: { logger } })
  const fields: object[] = []
  const heard = hear<LateVerdictMessage>(captchaChannels.lateVerdict, (message) => fields.push(message.fields()))
  flow.guard.override('pass', { forMs: 60_000 })
  const token = flow.mint()
  const { captcha: verdict } = await flow.send(token)
  flow.guard.override('none')
  await flow.turnUntil(() => heard.length === 1)
  const lateVerdict = { outcome: 'genuine', captchaCode: 1 }
  const passedAt = expect.stringMatching(/^\d{4}-.*Z$/)
  expect(heard).toEqual([
    { ...idsOf(flow), channel: 'web', verdict, lateVerdict, passedAt, purse: 'outage', fields: expect.any(Function) },
  ])
  const [line] = lines.filter(({ event }) => event === 'captcha_late_verdict')
  expect(line).toMatchObject({
    guardId: idsOf(flow).guardId,
    cause: 'override',
    ...lateVerdict,
    purse: 'outage',
    passedAt: heard[0]?.passedAt,
    userIp: '203.0.113.0/24',
  })
  expect(line).toMatchObject(fields[0] as object)
  expect(JSON.stringify([heard, fields, line])).not.toContain(token.ticket)
})

test('every call to Tencent is told with its endpoint, what it was for, and how it ended', async () => {
  const flow = await startFlow({ options: { degradation: { circuit: quickCircuit } } })
  const heard = hear<CallMessage>(captchaChannels.call)
  await flow.send(flow.mint())
  await flow.send(flow.mint({ code: 15 }))
  await flow.guard.checkHealth()
  flow.guard.override('pass', { forMs: 60_000 })
  await flow.send(flow.mint())
  flow.guard.override('none')
  await flow.turnUntil(() => heard.length === 4)
  flow.simulator.setFault('internal_error')
  await flow.turnFor(flow.send(flow.mint()))
  await flow.turnUntil(() => heard.length >= 6)
  const { guardId: _, ...site } = idsOf(flow)
  const call = { ...site, endpoint: new URL(flow.simulator.url).host, durationMs: expect.any(Number) }
  expect(heard.slice(0, 6)).toEqual([
    { ...call, kind: 'ticket', outcome: 'verified', captchaCode: 1 },
    { ...call, kind: 'ticket', outcome: 'ticket_invalid', captchaCode: 15 },
    { ...call, kind: 'canary', outcome: 'risk_rejected', captchaCode: 21 },
    { ...call, kind: 'late', outcome: 'verified', captchaCode: 1 },
    { ...call, kind: 'ticket', outcome: 'internal_error', cause: 'internal_error', errorCode: 'InternalError' },
    { ...call, kind: 'canary', outcome: 'internal_error', cause: 'internal_error', errorCode: 'InternalError' },
  ])
})

test('subscribers that throw change no decision; Node reports each as an uncaught exception', async () => {
  const script = fileURLToPath(new URL('./throwing-subscriber.mjs', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 20_000 })
  expect(JSON.parse(stdout)).toEqual({
    reasons: ['verified', 'ticket_missing'],
    uncaught: [
      ...['start', 'end', 'call', 'verdict', 'asyncStart', 'asyncEnd'],
      ...['start', 'verdict', 'asyncStart', 'asyncEnd', 'end'],
    ],
  })
})
