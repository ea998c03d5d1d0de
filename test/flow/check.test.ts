import { describe, expect, test } from '@jest/globals'
import type { CaptchaVerdict, CheckInput } from '../../lib/index.js'
import { breakApi, clientIp, quickCircuit, startFlow } from './support.js'

const userIp = '203.0.113.7'

describe('guard.check()', () => {
  test('resolves to the verdict that the middleware gives', async () => {
    const flow = await startFlow()
    const { check } = flow.guard
    expect(await check({ ...flow.mint(), userIp })).toMatchObject({ passed: true, reason: 'verified', captchaCode: 1 })
    expect(await check({ ...flow.mint({ code: 15 }), userIp })).toMatchObject({
      passed: false,
      reason: 'ticket_invalid',
    })
    expect(await check({ ticket: '', randstr: '', userIp })).toMatchObject({ passed: false, reason: 'ticket_missing' })
    expect(await check({ ...flow.fallback(), userIp })).toMatchObject({ passed: true, cause: 'client_fallback' })
  })

  test('gives a frozen verdict', async () => {
    const flow = await startFlow()
    expect(Object.isFrozen(await flow.guard.check({ ...flow.mint(), userIp }))).toBe(true)
  })

  test('shares replay memory and purses with the middleware', async () => {
    const flow = await startFlow()
    const token = flow.mint()
    expect((await flow.send(token)).captcha?.reason).toBe('verified')
    expect((await flow.guard.check({ ...token, userIp })).reason).toBe('ticket_reused')
    for (let index = 0; index < 3; index++) await flow.send(flow.fallback({ randstr: `@${index}` }))
    expect((await flow.guard.check({ ...flow.fallback({ randstr: '@4' }), userIp })).reason).toBe('budget_exhausted')
  })

  test('resolves whatever Tencent does', async () => {
    const flow = await startFlow({ options: { timeoutMs: 100, degradation: { circuit: quickCircuit } } })
    const hanging = flow.guard.check({ ...flow.mint({ fault: 'hang' }), userIp })
    expect(await flow.turnFor(hanging)).toMatchObject({ cause: 'timeout' })
    await breakApi(flow)
    expect(await flow.guard.check({ ...flow.mint(), userIp: clientIp(3) })).toMatchObject({ cause: 'circuit_open' })
  })

  test('never passes what a caller sends in the wrong type', async () => {
    const flow = await startFlow()
    const wrong: unknown[] = [1, true, [], {}, ['a', 'b'], Symbol('x'), 10n, () => 'ticket', new Date()]
    for (const value of wrong) {
      for (const input of [
        { ticket: value, randstr: '@a', userIp },
        { ticket: 'tr03x', randstr: value, userIp },
      ]) {
        expect(await flow.guard.check(input)).toMatchObject({ passed: false, reason: 'ticket_malformed' })
      }
      expect(await flow.guard.check({ ticket: 'tr03x', randstr: '@a', userIp: value })).toMatchObject({
        passed: false,
        reason: 'rejected',
      })
    }
    expect(flow.asked).toBe(0)
  })

  test.each<[string, unknown, string]>([
    ['no object', 'ticket', 'object'],
    ['null', null, 'object'],
    ['a channel that does not exist', { ticket: 't', randstr: '@', userIp, channel: 'app' }, 'channel'],
    ['a client key that is an object', { ticket: 't', randstr: '@', userIp, clientKey: {} }, 'clientKey'],
    [
      'a client key that is a promise',
      { ticket: 't', randstr: '@', userIp, clientKey: Promise.resolve('a') },
      'clientKey',
    ],
    ['a signal that is none', { ticket: 't', randstr: '@', userIp, signal: {} }, 'signal'],
  ])('rejects with a TypeError that names the field: %s', async (_what, input, field) => {
    const flow = await startFlow()
    const checked = flow.guard.check(input as CheckInput)
    await expect(checked).rejects.toThrow(TypeError)
    await expect(checked).rejects.toThrow(field)
    expect(flow.asked).toBe(0)
  })

  test('takes a client key, a number too, and tells it from an address', async () => {
    const flow = await startFlow()
    const check = (index: number, clientKey?: string | number) =>
      flow.guard.check({ ...flow.fallback({ randstr: `@${index}` }), userIp, clientKey })
    for (let index = 0; index < 3; index++) expect((await check(index, 7)).passed).toBe(true)
    expect((await check(3, 7)).passed).toBe(false)
    expect((await check(4, userIp)).passed).toBe(true)
    expect((await check(5)).passed).toBe(true)
  })

  test('takes a channel', async () => {
    const flow = await startFlow({ options: { channel: () => 'web' } })
    const { ticket } = flow.mint({ channel: 'mini_program' })
    expect((await flow.guard.check({ ticket, userIp, channel: 'mini_program' })).reason).toBe('verified')
  })

  test('rejects with the reason of an aborted signal and draws nothing, while the call runs on', async () => {
    const flow = await startFlow({ options: { timeoutMs: 5000 } })
    const stop = new AbortController()
    const checked = flow.guard.check({ ...flow.mint({ fault: 'hang' }), userIp, signal: stop.signal })
    stop.abort(new Error('the caller left'))
    await expect(checked).rejects.toThrow('the caller left')
    expect(flow.guard.snapshot()).toMatchObject({ purses: { doubt: { taken: 0 }, outage: { taken: 0 } } })
    await expect(flow.guard.check({ ...flow.mint(), userIp, signal: stop.signal })).rejects.toThrow('the caller left')
    expect(flow.asked).toBeLessThanOrEqual(1)
  })

  test('rejects with what a rule throws', async () => {
    const rules = {
      internal_error() {
        throw new RangeError('a bug in the rule')
      },
    }
    const flow = await startFlow({ options: { degradation: { rules } } })
    await expect(flow.guard.check({ ...flow.mint({ fault: 'internal_error' }), userIp })).rejects.toThrow(
      'a bug in the rule',
    )
  })

  test.each([undefined, null, 'route'])('rejects with an error where a rule throws %p', async (thrown) => {
    const rules = {
      internal_error() {
        throw thrown
      },
    }
    const flow = await startFlow({ options: { degradation: { rules } } })
    await expect(flow.guard.check({ ...flow.mint({ fault: 'internal_error' }), userIp })).rejects.toMatchObject({
      cause: thrown,
    })
  })

  test('tells onVerdict, without a request', async () => {
    const told: [CaptchaVerdict, unknown][] = []
    const flow = await startFlow({ options: { onVerdict: (verdict, req) => told.push([verdict, req]) } })
    const verdict = await flow.guard.check({ ...flow.mint(), userIp })
    expect(told).toEqual([[verdict, undefined]])
  })

  test('decides alike in observe mode: the verdict says what the guard found', async () => {
    const flow = await startFlow({ options: { mode: 'observe' } })
    expect((await flow.guard.check({ ...flow.mint({ code: 9 }), userIp })).passed).toBe(false)
  })

  test('works detached from its guard and after other guards of the site have closed', async () => {
    const flow = await startFlow()
    const other = flow.newGuard(flow.options)
    const { check } = other
    await flow.guard.close()
    expect((await check({ ...flow.mint(), userIp })).reason).toBe('verified')
    await other.close()
  })
})
