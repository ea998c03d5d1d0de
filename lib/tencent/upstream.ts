import type { Clock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import { httpsSender } from './https-sender.js'
import { resolveCredential } from './resolve-credential.js'
import { sendWithSdkClient } from './sdk-client-sender.js'
import type { UpstreamResult } from './upstream-result.js'
import { type ApiRequest, apiRequest, type VerifyCall } from './verify-call.js'
import { withDeadline } from './with-deadline.js'

/** One call to Tencent under one deadline. Never throws, never judges. */
export interface Upstream {
  verify(call: VerifyCall, signal: AbortSignal): Promise<UpstreamResult>
  close(): void
}

type UpstreamConfig = Pick<GuardConfig, 'captchaAppId' | 'appSecretKey' | 'timeoutMs' | 'transport'>

export function createUpstream(config: UpstreamConfig, clock: Clock): Upstream {
  const { send, close } = createSender(config.transport, clock)
  return {
    verify(call, signal) {
      const request = apiRequest(call, config.captchaAppId, config.appSecretKey)
      return withDeadline((callSignal) => send(request, callSignal), { timeoutMs: config.timeoutMs, clock, signal })
    },
    close,
  }
}

interface Sender {
  readonly send: (request: ApiRequest, signal: AbortSignal) => Promise<UpstreamResult>
  readonly close: () => void
}

function createSender(transport: GuardConfig['transport'], clock: Clock): Sender {
  switch (transport.kind) {
    case 'client':
      return { send: (request, signal) => sendWithSdkClient(transport.client, request, signal), close: () => {} }
    case 'https': {
      const sender = httpsSender(transport.endpoint)
      return {
        async send(request, signal) {
          const resolved = await resolveCredential(transport.credential)
          if (resolved.kind === 'failed') return { kind: 'credential_failed', problem: resolved.problem }
          if (signal.aborted) return { kind: 'aborted' }
          return sender.send(request, resolved.credential, clock.epochMs(), signal)
        },
        close: sender.close,
      }
    }
  }
}
