import type { ServerResponse } from 'node:http'
import type { Clock, Timer } from '../../clock.js'
import { hasGone } from '../../guard/gone-client.js'
import type { Language } from '../page/texts.js'
import type { StatusReport } from '../status-report.js'
import { neverShared } from './status-request.js'

/** What a stream carries: reports as JSON, or the page's parts in one language. */
export type StreamKind = 'json' | Language

/** Streams that one router serves at once. */
export const maxStreams = 32
const tickMs = 2_000
/** A client that has not read for this long is dropped. */
const patienceTicks = 15
/** Streams end after this long: the browser opens another one, which is authorised again. */
const longestMs = 600_000

interface Listener {
  readonly res: ServerResponse
  readonly kind: StreamKind
  readonly endMs: number
  /** Has not got everything yet. */
  isBehind: boolean
  unreadTicks: number
}

/** What a stream is made of. */
export interface StatusStreamOptions {
  readonly clock: Clock
  readonly report: () => Promise<StatusReport>
  /** The parts of the page by id. */
  readonly parts: (report: StatusReport, language: Language) => Readonly<Record<string, string>>
}

/**
 * Sends the status as server-sent events, every two seconds and only while a client listens. A tick is computed once for all of
 * them. A client that does not read gets nothing more until it has read all of the last message, so it holds one message at most.
 */
export class StatusStream {
  readonly #options: StatusStreamOptions
  readonly #listeners = new Set<Listener>()
  /** The parts that were sent last, by language. */
  readonly #sent = new Map<Language, Readonly<Record<string, string>>>()
  #timer: Timer | undefined
  #isTicking = false

  constructor(options: StatusStreamOptions) {
    this.#options = options
  }

  /** Open streams. */
  get size(): number {
    return this.#listeners.size
  }

  /** Begins a stream, unless the client has gone. Returns false, and does nothing, where too many are open. */
  open(res: ServerResponse, kind: StreamKind): boolean {
    // While it was authorised: its place would never be free again.
    if (hasGone(res)) return true
    if (this.#listeners.size >= maxStreams) return false
    const headers = { ...neverShared, 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' }
    res.statusCode = 200
    for (const [name, value] of Object.entries(headers)) res.setHeader(name, value)
    res.write('retry: 2000\n\n')
    const endMs = this.#options.clock.nowMs() + longestMs
    const listener: Listener = { res, kind, endMs, isBehind: true, unreadTicks: 0 }
    this.#listeners.add(listener)
    res.on('close', () => this.#drop(listener))
    if (this.#timer === undefined && !this.#isTicking) this.#begin()
    return true
  }

  /** Ends every stream. */
  close(): void {
    for (const { res } of this.#listeners) res.end()
    this.#listeners.clear()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #drop(listener: Listener): void {
    this.#listeners.delete(listener)
    if (this.#listeners.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#sent.clear()
  }

  /** After the head has left: until then the client looks like one that does not read. */
  #begin(): void {
    this.#isTicking = true
    this.#options.clock.afterPoll(() => void this.#tick())
  }

  async #tick(): Promise<void> {
    this.#isTicking = true
    try {
      this.#write(await this.#options.report())
    } catch {
      // A bug of ours must not end the process that it watches; the clients see that the stream has ended.
      this.close()
    } finally {
      this.#isTicking = false
    }
    if (this.#listeners.size === 0) return
    this.#timer = this.#options.clock.after(tickMs, () => {
      this.#timer = undefined
      void this.#tick()
    })
  }

  #write(report: StatusReport): void {
    const messages = new Map<StreamKind, Message>()
    for (const listener of this.#listeners) {
      if (!this.#isReading(listener)) continue
      const message = messages.get(listener.kind) ?? this.#message(report, listener.kind)
      messages.set(listener.kind, message)
      listener.res.write(listener.isBehind ? message.whole : message.changes)
      listener.isBehind = false
      if (this.#options.clock.nowMs() >= listener.endMs) listener.res.end()
    }
  }

  #isReading(listener: Listener): boolean {
    if (listener.res.writableLength === 0) {
      listener.unreadTicks = 0
      return true
    }
    listener.isBehind = true
    listener.unreadTicks++
    if (listener.unreadTicks > patienceTicks) {
      listener.res.destroy()
      // Node closes no response that waits behind another one on its connection.
      this.#drop(listener)
    }
    return false
  }

  #message(report: StatusReport, kind: StreamKind): Message {
    if (kind === 'json') {
      const whole = event('status', report)
      return { whole, changes: whole }
    }
    const parts = this.#options.parts(report, kind)
    const before = this.#sent.get(kind) ?? {}
    this.#sent.set(kind, parts)
    const changed = Object.entries(parts).filter(([id, html]) => before[id] !== html)
    return { whole: event('parts', parts), changes: event('parts', Object.fromEntries(changed)) }
  }
}

/** A message for clients that have everything before it, and for those that do not. */
interface Message {
  readonly whole: string
  readonly changes: string
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
}
