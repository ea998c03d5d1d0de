import { AsyncLocalStorage } from 'node:async_hooks'
import { channel } from 'node:diagnostics_channel'
import { describe, expect, test } from '@jest/globals'
import { degraded, type Outcome } from '../../lib/admission/outcome.js'
import {
  type CallMessage,
  captchaChannels,
  type OverrideMessage,
  type StateMessage,
  type VerdictMessage,
  type VerifyMessage,
} from '../../lib/report/channels.js'
import { GuardChannels, SiteChannels } from '../../lib/report/publishers.js'
import { verified } from '../admission/verdicts.js'
import { hear } from '../support/heard-channel.js'

const site = { captchaAppId: 190000001, siteId: 'site0001' }
const guard = { ...site, guardId: 'guard001' }

const stages = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

function hearTrace() {
  const heard: string[] = []
  const messages = new Set<VerifyMessage>()
  for (const stage of stages) {
    hear<VerifyMessage>(`tracing:${captchaChannels.verify}:${stage}`, (message) => {
      heard.push(stage)
      messages.add(message)
    })
  }
  return { heard, messages }
}

describe('without a subscriber', () => {
  test('no message of a guard is made', () => {
    const channels = new GuardChannels(guard)
    const make = () => {
      throw new Error('made')
    }
    channels.verdict(make)
    channels.lateVerdict(make)
    expect(channels.isTraced).toBe(false)
  })

  test('the reply of a call is not looked into', () => {
    const reply = new Proxy({ kind: 'verified' } as Outcome, {
      get: (target, name) => {
        if (name !== 'kind') throw new Error(`read ${String(name)}`)
        return Reflect.get(target, name)
      },
    })
    new SiteChannels(site).call({ url: 'no url', kind: 'ticket', reply, durationMs: 1 })
  })
})

test.each(stages)('a guard is traced when %s alone has a subscriber', (stage) => {
  hear(`tracing:${captchaChannels.verify}:${stage}`)
  expect(new GuardChannels(guard).isTraced).toBe(true)
})

test('a guard is traced when a store is bound to start alone', () => {
  const start = channel(`tracing:${captchaChannels.verify}:start`)
  const storage = new AsyncLocalStorage<unknown>()
  start.bindStore(storage, (message) => message)
  try {
    const channels = new GuardChannels(guard)
    expect(channels.isTraced).toBe(true)
    channels.trace('web').run(() => expect(storage.getStore()).toEqual({ ...guard, channel: 'web' }))
    expect(storage.getStore()).toBeUndefined()
  } finally {
    start.unbindStore(storage)
  }
})

describe('the trace of a decision', () => {
  test('is one object on all channels, with its result from asyncStart on', () => {
    const { heard, messages } = hearTrace()
    const trace = new GuardChannels(guard).trace('web')
    trace.run(() => {})
    expect([...messages]).toEqual([{ ...guard, channel: 'web' }])
    const result = verified()
    trace.finish({ result })
    expect(heard).toEqual(['start', 'end', 'asyncStart', 'asyncEnd'])
    expect([...messages]).toEqual([{ ...guard, channel: 'web', result }])
  })

  test('tells an exception, of whatever value, before its end', () => {
    const { heard, messages } = hearTrace()
    new GuardChannels(guard).trace('web').finish({ error: undefined })
    expect(heard).toEqual(['error', 'asyncStart', 'asyncEnd'])
    expect([...messages]).toEqual([{ ...guard, channel: 'web', error: undefined }])
  })

  test('ends its part that runs at once also where that throws', () => {
    const { heard } = hearTrace()
    const trace = new GuardChannels(guard).trace('web')
    const begin = () => {
      throw new RangeError('from a handler')
    }
    expect(() => trace.run(begin)).toThrow('from a handler')
    expect(heard).toEqual(['start', 'end'])
  })
})

describe('a call', () => {
  const told = (reply: Outcome, url: string | null = 'https://captcha.tencentcloudapi.com/') => {
    const heard = hear<CallMessage>(captchaChannels.call)
    new SiteChannels(site).call({ url: url ?? undefined, kind: 'ticket', reply, durationMs: 12.4 })
    return heard
  }
  const common = { ...site, endpoint: 'captcha.tencentcloudapi.com', kind: 'ticket', durationMs: 12 }

  test.each<[Outcome, object]>([
    [
      { kind: 'verified', facts: { captchaCode: 1 } },
      { outcome: 'verified', captchaCode: 1 },
    ],
    [
      { kind: 'refused', reason: 'ticket_invalid', facts: { captchaCode: 15, captchaMsg: 'quotes the ticket' } },
      { outcome: 'ticket_invalid', captchaCode: 15 },
    ],
    [degraded('timeout'), { outcome: 'timeout', cause: 'timeout' }],
    [
      degraded('internal_error', { facts: { errorCode: 'InternalError' } }),
      { outcome: 'internal_error', cause: 'internal_error', errorCode: 'InternalError' },
    ],
    [{ kind: 'bug', error: new Error('KEY-hidden') }, { outcome: 'bug' }],
  ])('that brought %j says so, and quotes nothing', (reply, outcome) => {
    expect(told(reply)).toEqual([{ ...common, ...outcome }])
  })

  test('that never left this machine is none', () => {
    expect(told(degraded('overloaded', { wasSent: false }))).toEqual([])
  })

  test('over a client of the application’s has no endpoint', () => {
    expect(told(degraded('timeout'), null)).toMatchObject([{ endpoint: undefined }])
  })

  test('to a port of its own names it', () => {
    expect(told(degraded('timeout'), 'http://127.0.0.1:3001/')).toMatchObject([{ endpoint: '127.0.0.1:3001' }])
  })
})

test('what belongs to a site has its ids', () => {
  const states = hear<StateMessage>(captchaChannels.state)
  const overrides = hear<OverrideMessage>(captchaChannels.override)
  const channels = new SiteChannels(site)
  channels.state({ kind: 'store', state: 'down', why: 'no answer within 200 ms' })
  channels.override({ mode: 'pass', by: 'ops', why: 'set', until: '2026-01-01T00:00:00.000Z' })
  expect(states).toEqual([{ ...site, kind: 'store', state: 'down', why: 'no answer within 200 ms' }])
  expect(overrides).toEqual([{ ...site, mode: 'pass', by: 'ops', why: 'set', until: '2026-01-01T00:00:00.000Z' }])
})

test('what a guard decides has its ids', () => {
  const verdicts = hear<VerdictMessage>(captchaChannels.verdict)
  const verdict = verified()
  new GuardChannels(guard).verdict(() => ({ verdict, channel: 'web', known: true, fields: () => ({}) }))
  expect(verdicts).toEqual([{ ...guard, verdict, channel: 'web', known: true, fields: expect.any(Function) }])
})
