import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'
import type { Outcome } from '../admission/outcome.js'
import type { CaptchaChannel } from '../types.js'
import {
  type CallKind,
  type CallMessage,
  captchaChannels,
  type GuardMessage,
  type LateVerdictMessage,
  type OverrideMessage,
  type SiteMessage,
  type StateChange,
  type StateMessage,
  type VerdictMessage,
  type VerifyMessage,
} from './channels.js'

/** A call that ended; its reply as Tencent gave it. */
export interface EndedCall {
  readonly url: string | undefined
  readonly kind: CallKind
  readonly reply: Outcome
  readonly durationMs: number
}

/** Publishes what belongs to a site and to no guard. */
export class SiteChannels {
  readonly #site: SiteMessage
  readonly #states = channel(captchaChannels.state)
  readonly #overrides = channel(captchaChannels.override)
  readonly #calls = channel(captchaChannels.call)

  constructor(site: SiteMessage) {
    this.#site = site
  }

  /** Publishes a change. */
  state(change: StateChange): void {
    publish<StateMessage>(this.#states, () => ({ ...this.#site, ...change }))
  }

  /** Publishes an override. */
  override(override: Omit<OverrideMessage, keyof SiteMessage>): void {
    publish<OverrideMessage>(this.#overrides, () => ({ ...this.#site, ...override }))
  }

  /** Publishes a call. */
  call(ended: EndedCall): void {
    const { reply } = ended
    if (reply.kind === 'degraded' && !reply.wasSent) return
    publish<CallMessage>(this.#calls, () => ({ ...this.#site, ...callOf(ended) }))
  }
}

/** Publishes what one guard decides. */
export class GuardChannels {
  readonly #guard: GuardMessage
  readonly #verify: TracingChannel<object, VerifyMessage> = tracingChannel(captchaChannels.verify)
  readonly #verdicts = channel(captchaChannels.verdict)
  readonly #lateVerdicts = channel(captchaChannels.lateVerdict)

  constructor(guard: GuardMessage) {
    this.#guard = guard
  }

  /** Publishes a verdict. */
  verdict(make: () => Omit<VerdictMessage, keyof GuardMessage>): void {
    publish<VerdictMessage>(this.#verdicts, () => ({ ...this.#guard, ...make() }))
  }

  /** Publishes a late verdict. */
  lateVerdict(make: () => Omit<LateVerdictMessage, keyof GuardMessage>): void {
    publish<LateVerdictMessage>(this.#lateVerdicts, () => ({ ...this.#guard, ...make() }))
  }

  /** Whether decisions are traced. (Node has `hasSubscribers` on a `TracingChannel` only from 20.13 on.) */
  get isTraced(): boolean {
    const { start, end, asyncStart, asyncEnd, error } = this.#verify
    return (
      start.hasSubscribers ||
      asyncEnd.hasSubscribers ||
      asyncStart.hasSubscribers ||
      end.hasSubscribers ||
      error.hasSubscribers
    )
  }

  /** Begins the trace of one decision. */
  trace(channel: CaptchaChannel): VerifyTrace {
    return new VerifyTrace(this.#verify, { ...this.#guard, channel })
  }
}

/** The trace of one decision. */
export class VerifyTrace {
  readonly #channels: TracingChannel<object, VerifyMessage>
  readonly #message: VerifyMessage

  constructor(channels: TracingChannel<object, VerifyMessage>, message: VerifyMessage) {
    this.#channels = channels
    this.#message = message
  }

  /** Runs what begins the decision, with the stores that are bound to `start`. */
  run(begin: () => void): void {
    const { start, end } = this.#channels
    start.runStores(this.#message, () => {
      try {
        begin()
      } finally {
        end.publish(this.#message)
      }
    })
  }

  /** Publishes how the decision ended; to be called once. */
  finish(ending: Pick<VerifyMessage, 'result' | 'error' | 'abandoned'>): void {
    const { asyncStart, asyncEnd, error } = this.#channels
    const message = Object.assign(this.#message, ending)
    if ('error' in ending) error.publish(message)
    asyncStart.publish(message)
    asyncEnd.publish(message)
  }
}

function publish<Message>(to: Channel, make: () => Message): void {
  if (to.hasSubscribers) to.publish(make())
}

function callOf({ url, kind, reply, durationMs }: EndedCall): Omit<CallMessage, keyof SiteMessage> {
  const { captchaCode, errorCode } = 'facts' in reply ? reply.facts : {}
  return {
    endpoint: url === undefined ? undefined : new URL(url).host,
    kind,
    outcome: outcomeOf(reply),
    ...(reply.kind === 'degraded' && { cause: reply.cause }),
    ...(captchaCode !== undefined && { captchaCode }),
    ...(errorCode !== undefined && { errorCode }),
    durationMs: Math.max(0, Math.round(durationMs)),
  }
}

function outcomeOf(reply: Outcome): CallMessage['outcome'] {
  switch (reply.kind) {
    case 'verified':
    case 'bug':
      return reply.kind
    case 'refused':
      return reply.reason
    case 'degraded':
      return reply.cause
  }
}
