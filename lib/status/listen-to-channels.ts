import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel'
import { causeTable } from '../admission/cause-table.js'
import { type CallMessage, captchaChannels, type StateMessage, type VerdictMessage } from '../report/channels.js'
import type { StatusRecorder } from './recording/status-recorder.js'

const listeners = {
  [captchaChannels.verdict]: (recorder: StatusRecorder, message: unknown) => {
    recorder.verdict(message as VerdictMessage)
  },
  [captchaChannels.state]: (recorder: StatusRecorder, message: unknown) => {
    const change = message as StateMessage
    if (change.kind === 'path') {
      recorder.path(change.path === 'api' ? 'api' : 'client_path', change.state, change.why)
    }
  },
  [captchaChannels.call]: (recorder: StatusRecorder, message: unknown) => {
    const { kind, endpoint, cause, outcome, durationMs } = message as CallMessage
    // Canaries have a deadline of their own, and a call that was given up says nothing about Tencent's time.
    if (kind === 'canary' || cause === 'circuit_open' || outcome === 'bug') return
    const isAnswered = cause === undefined || causeTable[cause].canary === 'healthy'
    recorder.call(endpoint ?? '', isAnswered, durationMs)
  },
}

/** Records the messages of each site with its recorder, by `siteId`. Returns what ends that. */
export function listenToChannels(recorders: ReadonlyMap<string, StatusRecorder>): () => void {
  const subscriptions = Object.entries(listeners).map(([name, record]) => {
    const listener: ChannelListener = (message) => {
      const recorder = recorders.get((message as { siteId: string }).siteId)
      if (recorder === undefined) return
      try {
        record(recorder, message)
      } catch {
        // What a subscriber throws would end the process.
      }
    }
    subscribe(name, listener)
    return () => unsubscribe(name, listener)
  })
  return () => {
    for (const end of subscriptions) end()
  }
}
