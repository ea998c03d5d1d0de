import type { CaptchaReason, DegradationCause } from '../admission/cause-table.js'
import type { OverrideMode, PurseName } from '../admission/question.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { CircuitSnapshot } from '../site/circuit.js'
import type { LateVerdict } from '../site/late-verification.js'
import type { WatchState } from '../site/outage-watch.js'
import type { OverrideChange } from '../site/override-switch.js'
import type { CaptchaChannel } from '../types.js'

/** Every verdict is published here as a {@link VerdictMessage}; the same as `captchaChannels.verdict`. */
export const verdictChannelName = 'tencent-captcha-guard:verdict'

/**
 * Names of the channels of `node:diagnostics_channel` that the guards of this process publish on. `verify` names a
 * `TracingChannel` (`tracing:tencent-captcha-guard:verify:start` and so on), the others plain channels. Without a subscriber no
 * message is made. A subscriber runs on the way of the request, so it must be fast; what it throws changes no decision, but Node
 * reports it as an uncaught exception, which ends the process by default.
 */
export const captchaChannels = Object.freeze({
  /** {@link VerifyMessage}: around each decision. */
  verify: 'tencent-captcha-guard:verify',
  /** {@link VerdictMessage}: each decision. */
  verdict: verdictChannelName,
  /** {@link StateMessage}: what a site has noticed. */
  state: 'tencent-captcha-guard:state',
  /** {@link OverrideMessage}: the kill switch was moved, or its time is over. */
  override: 'tencent-captcha-guard:override',
  /** {@link LateVerdictMessage}: what Tencent said later about a ticket that had passed degraded. */
  lateVerdict: 'tencent-captcha-guard:late_verdict',
  /** {@link CallMessage}: each call to Tencent that ended. */
  call: 'tencent-captcha-guard:call',
})

/** What every message says: which site it is about. */
export interface SiteMessage {
  readonly captchaAppId: number
  /** Random, of this site in this process; `siteId` of the snapshots of its guards. */
  readonly siteId: string
}

/** What a message says that one guard made. */
export interface GuardMessage extends SiteMessage {
  /** Random, of this guard in this process; `guardId` of its snapshot and its log lines. */
  readonly guardId: string
}

/**
 * One decision, the same object on all of its channels: `start`; `end` when the part that ran at once is over; `asyncStart` and
 * `asyncEnd`, one after the other, when the decision is there and before the request goes on; `error` ahead of these where an
 * exception ended it. A decision that needs no call publishes `asyncStart` and `asyncEnd` before `end`, as a callback that is
 * called at once does with Node's `traceCallback`. So `asyncEnd` comes exactly once, whatever happens. Stores that are bound to
 * `start` hold for the decision and its call to Tencent; what follows the decision runs in the context of the request.
 */
export interface VerifyMessage extends GuardMessage {
  readonly channel: CaptchaChannel
  /** The verdict; from `asyncStart` on, and absent after an exception and for a client that went away. */
  result?: CaptchaVerdict
  /** The exception that ended the decision; from `error` on. */
  error?: unknown
  /** True at `asyncStart` where the client went away, or its signal was aborted: there is no verdict. */
  abandoned?: true
}

/** One verdict. */
export interface VerdictMessage extends GuardMessage {
  readonly verdict: CaptchaVerdict
  readonly channel: CaptchaChannel
  /** Whether the client had history before this decision, as far as this process knows, or is vouched for by the application. */
  readonly known: boolean
  /**
   * The fields of the decision's log line, by the same allow-list: never a ticket or a secret, and the address as `logUserIp`
   * says. They are put together when this is called; keep the fields, for a message that is kept keeps the request.
   */
  fields(): Readonly<Record<string, unknown>>
}

/** A change of what a site knows of Tencent, its store or its keys. */
export type StateChange =
  /** A path to Tencent: the API as the server sees it, or the way of the vendor's script to the users. */
  | {
      readonly kind: 'path'
      readonly path: 'api' | 'client'
      readonly state: WatchState
      readonly before: WatchState
      /** ISO 8601. */
      readonly since: string
      readonly why: string
    }
  | {
      readonly kind: 'circuit'
      readonly state: CircuitSnapshot['state']
      readonly before: CircuitSnapshot['state']
      readonly why?: string
    }
  /** Calls go to another endpoint; `onTrial` while it has verified no ticket yet. */
  | {
      readonly kind: 'endpoint'
      readonly from: string | undefined
      readonly to: string | undefined
      readonly why: 'canary_failed' | 'trial_failed' | 'preferred_is_back'
      readonly onTrial: boolean
    }
  | { readonly kind: 'store'; readonly state: 'up' | 'down'; readonly why?: string }
  /** The credential's provider fails; the text quotes no key. */
  | { readonly kind: 'credential'; readonly problem: string }

/** One {@link StateChange}. */
export type StateMessage = SiteMessage & StateChange

/** The override that holds from now on. */
export interface OverrideMessage extends SiteMessage {
  /** `'none'` also where its time is over; `by` is then who had set it. */
  readonly mode: OverrideMode
  readonly by: string
  /** Set here, set at another process, or ended by time. */
  readonly why: OverrideChange
  /** ISO 8601; absent where it lasts until it is changed. */
  readonly until?: string
}

/** One late verdict. */
export interface LateVerdictMessage extends GuardMessage {
  readonly channel: CaptchaChannel
  /** The verdict that the request went on with. */
  readonly verdict: CaptchaVerdict
  readonly lateVerdict: LateVerdict
  /** ISO 8601: when the request passed. */
  readonly passedAt: string
  /** The purse that the pass was drawn from. */
  readonly purse: PurseName | undefined
  /** The fields of its log line; see {@link VerdictMessage.fields}. */
  fields(): Readonly<Record<string, unknown>>
}

/** Why a call was made: a user's ticket, a canary, or a ticket that had passed degraded. */
export type CallKind = 'ticket' | 'canary' | 'late'

/** One call to Tencent that ended. A request that never left this machine is none. */
export interface CallMessage extends SiteMessage {
  /** Host, with the port where it is not the usual one, of the endpoint; absent with a `client` of the application's. */
  readonly endpoint: string | undefined
  readonly kind: CallKind
  /** What the reply was worth: `'verified'`, a reason to refuse, a cause, or `'bug'` for an exception that nothing classified. */
  readonly outcome: CaptchaReason | 'bug'
  /** Present where the call brought no verdict. `circuit_open`: it was given up, so its time is not Tencent's. */
  readonly cause?: DegradationCause
  readonly captchaCode?: number
  readonly errorCode?: string
  readonly durationMs: number
}
