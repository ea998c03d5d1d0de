import type { Outcome } from '../../admission/outcome.js'
import { isLoopbackHost } from '../../client-address.js'
import { systemClock } from '../../clock.js'
import { askCanary } from '../../tencent/canary.js'
import { LookupQueue } from '../../tencent/lookup-queue.js'
import { probeScript } from '../../tencent/probe-script.js'
import { type Finding, factsOf, judgeEndpoint } from './judge-endpoint.js'
import { type Measurement, measuredUpstream, type Phases } from './measured-upstream.js'
import type { CheckSettings } from './read-settings.js'

/** What was found at one endpoint. */
export interface EndpointReport {
  readonly url: string
  readonly findings: readonly Finding[]
  readonly phases: Phases
  /** Address that was connected to. */
  readonly address?: string
  /** What Tencent said, as far as it can be read. */
  readonly answer: {
    readonly httpStatus?: number
    readonly captchaCode?: number
    readonly captchaMsg?: string
    readonly errorCode?: string
    readonly requestId?: string
  }
}

/** What the check found; the shape of `--json`. */
export interface CheckReport {
  /** Nothing is wrong, and everything that can be judged was. */
  readonly isWell: boolean
  readonly captchaAppId: number
  readonly site: string
  readonly channel: string
  readonly endpoints: readonly EndpointReport[]
  readonly script: Finding & { readonly url?: string }
  /** Settings of the console that cannot be seen from here. */
  readonly console: readonly string[]
}

/** Stands in for the AppSecretKey at endpoints that calls do not go to yet: an answer is enough there. */
const noSecret = 'check0withoutSecretKey000'

const consoleAdvice = [
  'DefendMode: with "notify", the default of new scenes, nothing is blocked: every ticket is answered as good. Set it to "block".',
  'CaptchaAppid 强制校验 (encrypted app id): once it is on, a page without aidEncrypted gets fallback tickets only (client error 1006).',
  'Allowed domains: a page on another one gets client error 1006, which looks like an outage.',
] as const

/** Sends one canary to each endpoint, side by side, and asks for the script. */
export async function runCheck(
  settings: CheckSettings,
  credentialSource: string,
  timeoutMs: number,
): Promise<CheckReport> {
  const [script, ...endpoints] = await Promise.all([
    checkScript(settings),
    ...settings.endpoints.map((url, index) => checkEndpoint(settings, url, index === 0, credentialSource, timeoutMs)),
  ])
  const findings = [script, ...endpoints.flatMap((endpoint) => endpoint.findings)]
  return {
    isWell: findings.every(({ state }) => state === 'ok' || state === 'skipped'),
    captchaAppId: settings.captchaAppId,
    site: settings.site,
    channel: settings.channel,
    endpoints,
    script,
    console: consoleAdvice,
  }
}

async function checkEndpoint(
  settings: CheckSettings,
  url: URL,
  isPreferred: boolean,
  credentialSource: string,
  timeoutMs: number,
): Promise<EndpointReport> {
  const { captchaAppId, appSecretKey, credential, channel } = settings
  const { reply, measurement } = await new Promise<{ reply: Outcome; measurement: Measurement }>((resolve) => {
    let measured: Measurement | undefined
    const upstream = measuredUpstream({
      endpoint: url,
      captchaAppId,
      appSecretKey: isPreferred ? appSecretKey : noSecret,
      credential,
      onMeasured: (measurement) => {
        measured = measurement
      },
    })
    askCanary({ captchaAppId, channel, upstream, clock: systemClock }, timeoutMs, (reply) => {
      resolve({ reply, measurement: measured as Measurement })
    })
  })
  const { captchaCode, captchaMsg, errorCode, requestId } = factsOf(reply)
  return {
    url: `${url.origin}${url.pathname === '/' ? '' : url.pathname}`,
    findings: judgeEndpoint(reply, measurement, { isPreferred, credentialSource }),
    phases: measurement.phases,
    ...(measurement.address !== undefined && { address: measurement.address }),
    answer: {
      ...(measurement.httpStatus !== undefined && { httpStatus: measurement.httpStatus }),
      ...(captchaCode !== undefined && { captchaCode }),
      ...(captchaMsg !== undefined && { captchaMsg }),
      ...(errorCode !== undefined && { errorCode }),
      ...(requestId !== undefined && { requestId }),
    },
  }
}

async function checkScript({ scriptUrl, endpoints }: CheckSettings): Promise<CheckReport['script']> {
  const about = 'script host'
  if (scriptUrl === undefined) {
    const isSimulated = endpoints.every(({ hostname }) => isLoopbackHost(hostname))
    const says = `not asked${isSimulated ? ': the endpoint is on this machine, and CAPTCHA_SCRIPT_URL is not set' : ''}`
    return { about, state: 'skipped', says }
  }
  const controller = new AbortController()
  const report = await probeScript(scriptUrl, {
    clock: systemClock,
    lookups: new LookupQueue(),
    signal: controller.signal,
  })
  const url = scriptUrl.href
  if (report === 'reachable') return { about, state: 'ok', says: 'serves the script to this machine', url }
  const fix =
    'Users may still reach it. If they do not either, they get fallback tickets; if they do, let this machine out to it: the guard probes it for evidence.'
  return { about, state: 'wrong', says: 'does not serve the script to this machine', fix, url }
}
