import { setTimeout as sleep } from 'node:timers/promises'
import type { CredentialFaultName } from '../../../lib/simulator/index.js'
import { answer, verifiedBody } from '../../tencent/raw-server.js'
import { misconfigured, noEvidence, verified } from '../expectations.js'
import type { Expected, FaultCase, FaultSection, GuardSetting, Text } from '../fault-case.js'
import { healthy, type Lab } from '../lab.js'

type Source = 'cvm' | 'tke'

const sources: Record<Source, Text> = {
  cvm: { en: 'The metadata service', zh: '元数据服务' },
  tke: { en: 'STS', zh: 'STS' },
}

const states: Partial<Record<CredentialFaultName, Text>> = {
  down: { en: 'is down', zh: '不可用' },
  hang: { en: 'hangs', zh: '挂起' },
  garbage: { en: 'answers HTML', zh: '返回 HTML' },
  denied: { en: 'refuses', zh: '拒绝' },
  expired_keys: { en: 'gives keys that have expired', zh: '返回已过期的密钥' },
}

/** Of the provider; longer than a call's, so that the next user meets the same request of it. */
const providerTimeoutMs = 3500

async function keysFrom(lab: Lab, source: Source) {
  const simulator = await lab.simulate()
  const { metadataUrl, stsUrl } = simulator
  const credential: GuardSetting['credential'] =
    source === 'cvm'
      ? { from: 'cvm', metadataUrl, timeoutMs: providerTimeoutMs }
      : { from: 'tke', stsUrl, tokenFile: lab.file('token'), timeoutMs: providerTimeoutMs }
  return { simulator, credential }
}

const fromTheStart = (source: Source, fault: CredentialFaultName, more: Partial<Expected> = {}): FaultCase => ({
  id: `${source}-${fault}`,
  fault: { en: `${sources[source].en} ${states[fault]?.en}`, zh: `${sources[source].zh}${states[fault]?.zh}` },
  made: { en: 'From the start', zh: '从一开始' },
  async make(lab) {
    const { simulator, credential } = await keysFrom(lab, source)
    simulator.setCredentialFault(fault)
    const { url } = await lab.serve(healthy)
    return { endpoint: url, credential }
  },
  expected: misconfigured({ sent: 0, ...more }),
})

/** The first users wait for keys as long as for an answer; who comes later, for what is left of the provider's own deadline. */
const hangingProvider: Partial<Expected> = {
  time: 'at the deadline',
  next: { reason: 'misconfigured', time: 'before the deadline' },
}

const whileKeysServe = (source: Source): FaultCase => ({
  id: `${source}-down-later`,
  fault: {
    en: `${sources[source].en} is down while the last keys are valid`,
    zh: `${sources[source].zh}不可用，但上次的密钥仍有效`,
  },
  made: { en: 'After a verified ticket', zh: '一张票据验证通过之后' },
  async make(lab) {
    const { simulator, credential } = await keysFrom(lab, source)
    const { url } = await lab.serve(healthy)
    return { endpoint: url, credential, strike: () => simulator.setCredentialFault('down') }
  },
  expected: verified(),
})

const afterKeysExpired = (source: Source): FaultCase => ({
  id: `${source}-down-and-expired`,
  fault: {
    en: `${sources[source].en} is down, and the last keys have expired`,
    zh: `${sources[source].zh}不可用，且上次的密钥已过期`,
  },
  made: {
    en: 'Keys for two seconds; after a verified ticket it is down',
    zh: '密钥有效期两秒；一张票据验证通过之后服务不可用',
  },
  async make(lab) {
    const { simulator, credential } = await keysFrom(lab, source)
    const { url } = await lab.serve(healthy)
    const lifetimeSeconds = 2
    simulator.setCredentialFault({ kind: 'short_lived_keys', lifetimeSeconds })
    return {
      endpoint: url,
      credential,
      async strike() {
        simulator.setCredentialFault('down')
        await sleep(lifetimeSeconds * 1000)
      },
    }
  },
  expected: noEvidence('credential_unavailable', { sent: 0, lines: ['captcha_degraded', 'captcha_misconfigured'] }),
})

const redirected = (source: Source): FaultCase => ({
  id: `${source}-redirect`,
  fault: { en: `${sources[source].en} redirects to another host`, zh: `${sources[source].zh}重定向到其他主机` },
  made: { en: '307, to one that records', zh: '307，指向做记录的主机' },
  async make(lab) {
    const redirecting = await lab.serve({
      tls: false,
      respond: ({ write }) => write(answer('', { status: '307 Found', headers: [`Location: ${lab.stranger.url}`] })),
    })
    const { url } = await lab.serve(healthy)
    const credential: GuardSetting['credential'] =
      source === 'cvm'
        ? { from: 'cvm', metadataUrl: `${redirecting.url}/latest/meta-data/` }
        : { from: 'tke', stsUrl: redirecting.url, tokenFile: lab.file('token') }
    return { endpoint: url, credential }
  },
  expected: misconfigured({ sent: 0 }),
})

const clockOff = (id: string, fault: Text, offMs: number): FaultCase => ({
  id,
  fault,
  made: {
    en: 'The simulator checks signatures by a clock that differs by ten minutes (`AuthFailure.SignatureExpire`)',
    zh: '模拟器按相差十分钟的时钟校验签名（`AuthFailure.SignatureExpire`）',
  },
  async make(lab) {
    const { url, credential } = await lab.simulate({ now: () => Date.now() + offMs })
    return { endpoint: url, credential: { from: 'options', ...credential } }
  },
  expected: misconfigured(),
})

const tenMinutesMs = 10 * 60_000

const authFailure = (code: string) =>
  answer(JSON.stringify({ Response: { Error: { Code: `AuthFailure.${code}`, Message: 'no' }, RequestId: 'r' } }))

export const credentials: FaultSection = {
  title: { en: 'Clock and keys', zh: '时钟与密钥' },
  intro: {
    en: 'Only the operator can cause these: by default no request passes because of them. A provider that has worked before is another matter.',
    zh: '只有运维方才能造成这些故障：默认不因此放行任何人。曾经正常工作过的提供者则另当别论。',
  },
  cases: [
    clockOff(
      'clock-behind',
      { en: 'This machine’s clock is ten minutes behind', zh: '本机时钟慢十分钟' },
      tenMinutesMs,
    ),
    clockOff('clock-ahead', { en: 'This machine’s clock is ten minutes ahead', zh: '本机时钟快十分钟' }, -tenMinutesMs),
    {
      id: 'temporary-keys-expired',
      fault: { en: 'Fixed temporary keys have expired', zh: '固定配置的临时密钥已过期' },
      made: { en: '`AuthFailure.TokenFailure` to every request', zh: '对所有请求返回 `AuthFailure.TokenFailure`' },
      async make(lab) {
        const { url } = await lab.serve({ respond: ({ write }) => write(authFailure('TokenFailure')) })
        return { endpoint: url, credential: { from: 'options', secretId: 'AKID', secretKey: 'KEY', token: 'OLD' } }
      },
      expected: misconfigured(),
    },
    {
      id: 'keys-rotated',
      fault: { en: 'Tencent refuses keys that the provider has replaced', zh: '腾讯拒绝了提供者已更换的旧密钥' },
      made: {
        en: 'After a verified ticket `AuthFailure.TokenFailure` to the first token',
        zh: '一张票据验证通过之后，对首个令牌返回 `AuthFailure.TokenFailure`',
      },
      async make(lab) {
        const { credential } = await keysFrom(lab, 'cvm')
        const server = await lab.serve(healthy)
        const tokenOf = (request: string) => /^x-tc-token: (.*)$/im.exec(request)?.[1]
        return {
          endpoint: server.url,
          credential,
          async strike() {
            const old = tokenOf(server.requests[0] ?? '')
            // The guard asks its provider once a second at most.
            await sleep(1050)
            server.behaviour = {
              respond: ({ request, write }) =>
                write(tokenOf(request) === old ? authFailure('TokenFailure') : answer(verifiedBody)),
            }
          },
        }
      },
      expected: verified({ sent: 2 }),
    },
    fromTheStart('cvm', 'down'),
    fromTheStart('cvm', 'hang', hangingProvider),
    fromTheStart('cvm', 'garbage'),
    fromTheStart('cvm', 'denied'),
    fromTheStart('cvm', 'expired_keys'),
    redirected('cvm'),
    whileKeysServe('cvm'),
    afterKeysExpired('cvm'),
    fromTheStart('tke', 'down'),
    fromTheStart('tke', 'hang', hangingProvider),
    fromTheStart('tke', 'denied'),
    redirected('tke'),
    whileKeysServe('tke'),
    afterKeysExpired('tke'),
  ],
}
