import type { RequestHandler } from 'express'
import type { SwitchboardState } from '../wire.js'

const stateEveryMs = 1000
const kept = { verdict: 30, log: 60 }
type Kind = keyof typeof kept
type Listener = (kind: Kind, entry: object) => void

/** Keeps the last verdicts and log lines for live views that open later, and hands each new one to the views that are open. */
export class LiveFeed {
  readonly recent: Record<Kind, object[]> = { verdict: [], log: [] }
  readonly #listeners = new Set<Listener>()

  add(kind: Kind, entry: object): void {
    const entries = this.recent[kind]
    entries.push(entry)
    if (entries.length > kept[kind]) entries.shift()
    for (const listener of this.#listeners) listener(kind, entry)
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

/** Sends the state every second, and verdicts and log lines as they come, as server-sent events. Its timer ends with the connection. */
export function liveEvents(feed: LiveFeed, readState: () => SwitchboardState): RequestHandler {
  return function liveEventsHandler(_req, res) {
    res.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    const send = (event: Kind | 'state', data: object) =>
      res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    const sendState = () => send('state', readState())

    for (const entry of feed.recent.verdict) send('verdict', entry)
    for (const entry of feed.recent.log) send('log', entry)
    sendState()
    const unsubscribe = feed.subscribe(send)
    const timer = setInterval(sendState, stateEveryMs)
    res.on('close', () => {
      clearInterval(timer)
      unsubscribe()
    })
  }
}
