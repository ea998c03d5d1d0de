import { describe, expect, test } from '@jest/globals'
import { callWithKeys } from '../../../lib/tencent/credentials/call-with-keys.js'
import { CredentialKeeper } from '../../../lib/tencent/credentials/credential-keeper.js'
import type { UpstreamResult } from '../../../lib/tencent/upstream-result.js'
import type { Done } from '../../../lib/tencent/with-deadline.js'
import type { ProvidedCredential, TencentCredential } from '../../../lib/types.js'
import { ManualClock, settlePromises } from '../../support/manual-clock.js'
import { verifiedBody } from '../raw-server.js'

const verified = { kind: 'response', status: 200, contentType: 'application/json', body: verifiedBody } as const

function apiError(Code: string): UpstreamResult {
  return { ...verified, body: JSON.stringify({ Response: { Error: { Code, Message: 'm' }, RequestId: 'r' } }) }
}

const refused = apiError('AuthFailure.TokenFailure')
const keysOf = (id: string): ProvidedCredential => ({ secretId: id, secretKey: `key-${id}` })

interface SentCall {
  readonly secretId: string
  readonly timeoutMs: number
  readonly answer: Done
  isGivenUp: boolean
}

/** A keeper over a provider that a test drives, and calls that a test answers. */
function setUp(provide: () => Promise<ProvidedCredential>) {
  const clock = new ManualClock()
  const provider = { provide }
  const keeper = new CredentialKeeper({ getCredential: () => provider.provide() }, clock, () => {})
  const sent: SentCall[] = []
  const send = ({ secretId }: TencentCredential, timeoutMs: number, answer: Done) => {
    const call: SentCall = { secretId, timeoutMs, answer, isGivenUp: false }
    sent.push(call)
    return () => {
      call.isGivenUp = true
      answer({ kind: 'aborted' })
    }
  }
  function call(waitedMs = 0) {
    const results: UpstreamResult[] = []
    const giveUp = callWithKeys({ keeper, clock, timeoutMs: 2000, waitedMs, send }, (result) => results.push(result))
    return { results, giveUp }
  }
  return { clock, keeper, provider, sent, call }
}

async function withKeys() {
  const world = setUp(async () => keysOf('one'))
  world.call()
  await settlePromises()
  await world.clock.advance(5000)
  world.sent.length = 0
  return world
}

describe('a call that a provider’s keys sign', () => {
  test('goes out at once with the whole deadline where there are keys', async () => {
    const { call, sent } = await withKeys()
    const { results } = call()
    expect(sent).toMatchObject([{ secretId: 'one', timeoutMs: 2000 }])
    sent[0]?.answer(verified)
    expect(results).toEqual([verified])
  })

  test('waits for the first keys, has the rest of its deadline, and a timeout then is no evidence', async () => {
    const { call, sent, clock } = setUp(() => new Promise((resolve) => clock.after(1500, () => resolve(keysOf('one')))))
    const { results } = call()
    await clock.advance(1500)
    expect(sent).toMatchObject([{ secretId: 'one', timeoutMs: 500 }])
    sent[0]?.answer({ kind: 'timeout', loopBlocked: false })
    expect(results).toEqual([{ kind: 'timeout', loopBlocked: false, keysLate: true }])
  })

  test('whose request has waited for keys before has the rest of the deadline as well', async () => {
    const { call, sent } = await withKeys()
    const { results } = call(1200)
    expect(sent).toMatchObject([{ timeoutMs: 800 }])
    sent[0]?.answer({ kind: 'timeout', loopBlocked: false })
    expect(results).toMatchObject([{ keysLate: true }])
  })

  test('is not sent where no keys come', async () => {
    const { call, sent, clock } = setUp(() => new Promise<never>(() => {}))
    const { results } = call()
    await clock.advance(2000)
    expect([results, sent]).toEqual([
      [{ kind: 'credential_failed', problem: 'getCredential() did not settle in time' }],
      [],
    ])
  })

  test('given up while it waits is told so, and never sent', async () => {
    const { call, sent, clock } = setUp(() => new Promise((resolve) => clock.after(500, () => resolve(keysOf('one')))))
    const { results, giveUp } = call()
    giveUp()
    await clock.advance(2000)
    expect([results, sent]).toEqual([[{ kind: 'aborted' }], []])
  })
})

describe('keys that Tencent refuses', () => {
  test.each(['AuthFailure.TokenFailure', 'AuthFailure.SecretIdNotFound', 'AuthFailure.InvalidSecretId'])(
    '(%s) are replaced, and the call is sent once more',
    async (code) => {
      const { call, sent, provider, clock } = await withKeys()
      provider.provide = async () => keysOf('two')
      const { results } = call()
      await clock.advance(300)
      sent[0]?.answer(apiError(code))
      await settlePromises()
      expect(sent[1]).toMatchObject({ secretId: 'two', timeoutMs: 1700 })
      sent[1]?.answer(verified)
      expect(results).toEqual([verified])
    },
  )

  test('twice are the answer', async () => {
    const { call, sent, provider } = await withKeys()
    provider.provide = async () => keysOf('two')
    const { results } = call()
    sent[0]?.answer(refused)
    await settlePromises()
    sent[1]?.answer(refused)
    await settlePromises()
    expect([results, sent.length]).toEqual([[refused], 2])
  })

  test('and all that the provider has are the answer, and the call is not sent again', async () => {
    const { call, sent } = await withKeys()
    const { results } = call()
    sent[0]?.answer(refused)
    await settlePromises()
    expect([results, sent.length]).toEqual([[refused], 1])
  })

  test('beside a provider that rejects are keys that are gone', async () => {
    const { call, sent, provider } = await withKeys()
    provider.provide = () => Promise.reject(new Error('KEY-hidden'))
    const { results } = call()
    sent[0]?.answer(refused)
    await settlePromises()
    expect(results).toEqual([{ kind: 'credential_unavailable', problem: 'getCredential() rejected' }])
  })

  test('do not hold a call beyond its deadline where the provider hangs', async () => {
    const { call, sent, provider, clock } = await withKeys()
    provider.provide = () => new Promise<never>(() => {})
    const { results } = call()
    sent[0]?.answer(refused)
    await clock.advance(2000)
    expect([results, sent.length]).toEqual([[refused], 1])
  })

  test('that were replaced meanwhile cost no call of the provider', async () => {
    const { call, sent, provider, keeper } = await withKeys()
    const [first, second] = [call(), call()]
    provider.provide = async () => keysOf('two')
    sent[0]?.answer(refused)
    await settlePromises()
    provider.provide = () => Promise.reject(new Error('asked again'))
    sent[1]?.answer(refused)
    expect(sent.map(({ secretId }) => secretId)).toEqual(['one', 'one', 'two', 'two'])
    sent[2]?.answer(verified)
    sent[3]?.answer(verified)
    expect([first.results, second.results, keeper.isFailing]).toEqual([[verified], [verified], false])
  })

  test('given up during the wait for others are told so', async () => {
    const { call, sent, provider } = await withKeys()
    provider.provide = () => new Promise<never>(() => {})
    const { results, giveUp } = call()
    sent[0]?.answer(refused)
    giveUp()
    expect(results).toEqual([{ kind: 'aborted' }])
  })

  test.each([
    apiError('UnauthorizedOperation.Unauthorized'),
    apiError('InvalidParameter.AuthFailure'),
    { ...verified, body: '{"Response":{"CaptchaCode":15,"CaptchaMsg":"AuthFailure.TokenFailure"}}' },
    { ...verified, body: 'AuthFailure.TokenFailure' },
    { ...verified, status: 500, body: refused.kind === 'response' ? refused.body : '' },
  ])('are told from any other answer: %j', async (answer) => {
    const { call, sent, provider } = await withKeys()
    let asked = 0
    provider.provide = async () => {
      asked++
      return keysOf('two')
    }
    const { results } = call()
    // Keys without an expiry are due after 20 s, not yet.
    sent[0]?.answer(answer)
    await settlePromises()
    expect([results, sent.length, asked]).toEqual([[answer], 1, 0])
  })
})
