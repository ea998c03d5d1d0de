import type { OverrideMode } from '../admission/question.js'

/**
 * Shares per-client limits, replay memory, history, baseline, its reference and override between the processes of a site. The package has
 * `memoryStore()` and, in `tencent-captcha-guard/redis`, `redisStore(client)`; `docs/store.md` shows how to write another.
 */
export interface CaptchaStore {
  /** The name that `guard.snapshot().store.kind` shows, e.g. `'redis'`. */
  readonly kind: string
  /**
   * Opens the session of one site in one process. The guard calls it once, at construction. It must not throw and must not
   * need the server: the first operation of the session is a heartbeat, and the guard repeats it until one is answered.
   */
  connect(context: StoreContext): StoreSession
}

/** What a store is told about the site and the process that a session is for. */
export interface StoreContext {
  /** Values of different app ids must not mix. A positive integer. */
  readonly captchaAppId: number
  /** Identifies this session among all sessions of all processes; a random text of 36 characters. */
  readonly processId: string
  /** How long the store keeps each kind of value. */
  readonly lifetimes: StoreLifetimes
  /** Reports a key whose value was unreadable and is treated as absent. Report each kind of key once; the guard logs it. */
  readonly onCorruption: (key: string) => void
}

/** How long a store keeps what it was told, in milliseconds. Values that are older must be treated as absent. */
export interface StoreLifetimes {
  /** A client's history, since its last verified pass. */
  readonly historyMs: number
  /** The time over which a client's verified rate is averaged; see {@link StoreHistory}. */
  readonly rateMemoryMs: number
  /** A process and what it has learned, since its last heartbeat. */
  readonly processMs: number
  /** The baseline of the whole site, since it was last computed. */
  readonly baselineMs: number
  /** The reference of the whole site, since it was last computed. */
  readonly referenceMs: number
  /** The last override, ended or not, since it was set or since the last heartbeat of any process. */
  readonly overrideMs: number
}

/**
 * The operations of one process on the store.
 *
 * Each operation must be atomic with respect to all operations of all processes: what it reads does not change before it
 * writes. A store that reads first and writes later lets two processes pass one ticket.
 *
 * Each operation may reject, throw, or never settle. The guard waits at most 200 ms for it. A failure or a missed deadline
 * marks the store as down: limits per process apply, no request asks the store, and heartbeats try it again after 1 to 30 s.
 * A claim that the guard gave up and that is granted later is released if the request did not pass. A client that reconnects
 * may send an operation twice; the ids of claims and passes let the store recognise the second one.
 *
 * The store's own clock must measure every duration, for the clocks of the processes differ.
 */
export interface StoreSession {
  /**
   * Takes one degraded pass from every purse that the claim names and marks its ticket, together or not at all. The checks, in
   * this order: a claim with this id that holds its passes already is `granted` again and takes nothing more; a marked ticket
   * is `replayed`; `requireKnown` without history is `unknown_client`; a purse without room for this client is `over_limit`.
   * A result other than `granted` changes nothing.
   *
   * Fails: limits and replay memory of this process alone decide.
   */
  claim(claim: StoreClaim): Promise<StoreClaimResult>
  /**
   * Undoes a claim: takes its pass out of every purse and removes the mark of its ticket, if this claim made them. Other
   * claims and marks stay. A claim that is unknown or already released changes nothing. The mark of a verified pass is released
   * as a claim without purses whose `claimId` is the `passId`; the client keeps its history.
   *
   * Fails: the passes stay counted until their windows end, and the ticket stays marked until `replayMs` ends.
   */
  release(claim: StoreClaim): Promise<void>
  /**
   * Marks a ticket that Tencent verified and counts the pass in the client's history, together or not at all. `isFirst` is
   * false, and nothing changes, if a claim or another pass has marked the ticket. The same `passId` is first again; it may be
   * counted again.
   *
   * Fails: the replay memory of this process alone decides, and other processes learn nothing of the pass.
   */
  recordVerified(verified: StoreVerified): Promise<{ readonly isFirst: boolean }>
  /** Counts a verified pass in the client's history without a ticket (a genuine late verdict). Fails: it is lost. */
  recordHistory(clientKey: string): Promise<void>
  /** Returns the client's history; `undefined` without a verified pass in `historyMs`. Fails: the client counts as unknown. */
  readHistory(clientKey: string): Promise<StoreHistory | undefined>
  /**
   * Records that this process lives, with what it has learned, and returns the state of the site. Called every 1 to 1.2 s (where
   * more than 200 processes live, every 5 ms times their number, up to 6 s), and every 1 to 30 s while the store is down.
   *
   * The baseline of the site is the sum of all live processes' baselines. While a live process has none, the last such sum
   * stands. Without one it is the sum of those that have one, times live processes / processes that have. The reference is
   * computed in the same way, from the processes' references.
   *
   * Fails: the store is down, as {@link StoreSession} describes.
   */
  heartbeat(own: StoreLearned): Promise<StoreState>
  /**
   * Sets the override and returns the one that stands. An override with another id whose `setMs` is larger, and not larger than
   * the time of the store now, stands; so does the one with the same id. Else the given one stands: of two that were set at the
   * same time the later arrival.
   *
   * The store keeps it as it is. That it ends is for the guard to notice: an override that has ended still stands above an older
   * one, which a process may bring that was cut off.
   *
   * Fails: the guard sets it again after a heartbeat that returns none or another one.
   */
  setOverride(override: StoreOverride): Promise<StoreOverride>
  /**
   * Keeps the status of this process, for the status pages of the others, in the place of its last one: any text of at most
   * 8192 bytes in UTF-8. It must be treated as absent `processMs` after it was published, and where the process lives no longer.
   * Called at most every 2 s, after a heartbeat, and only while the process has a status page.
   *
   * Optional, together with {@link StoreSession.readStatuses}: without them a status page shows its own process alone. Neither
   * needs to be atomic. Fails: this status is lost; the store is not marked as down.
   */
  readonly publishStatus?: ((status: string) => Promise<void>) | undefined
  /**
   * Returns the statuses of the other live processes, in any order; of more than 64, those of the newest heartbeats. The guard
   * drops any that is no text or too long. Called while a status page is looked at.
   *
   * Fails: the status page shows its own process alone; the store is not marked as down.
   */
  readonly readStatuses?: (() => Promise<readonly string[]>) | undefined
}

/** A purse that a claim draws on. A name stands for one limit and one window in all processes. */
export interface StorePurse {
  /** 1 to 64 characters of `a-z`, `0-9`, `:`, `_` and `-`. */
  readonly name: string
  /** Passes that one client may take in any `windowMs`. Integer, at least 0; 0 means none, with history or without. */
  readonly limit: number
  /** Length of the sliding window in milliseconds. Integer, at least 1. */
  readonly windowMs: number
  /** A client with history may take this multiple of its own verified rate, if that is more than `limit`; 0 for never. */
  readonly ownRateFactor: number
  /**
   * Whose passes this purse counts, if not those of the claim's client: the address behind an identity that the application
   * vouches for. As long as a client key; `undefined` means the claim's `clientKey`. Where it is given, `ownRateFactor` is 0.
   */
  readonly clientKey?: string | undefined
}

/** A degraded pass that a client asks for. */
export interface StoreClaim {
  /** Identifies this claim; a random text of 36 characters. */
  readonly claimId: string
  /** One or more purses with different names; each must have room for this client. {@link clientLimit} computes the limit. */
  readonly purses: readonly StorePurse[]
  /** An address, or what the application's `clientKey` or `knownAs` returned; any text of 1 to 132 characters. */
  readonly clientKey: string
  /** A digest of the ticket, 32 characters; `undefined` if the request has none. */
  readonly ticketKey: string | undefined
  /** How long the ticket stays marked, in milliseconds. */
  readonly replayMs: number
  /** Grants only to clients with history: what is left of the total is reserved for them. */
  readonly requireKnown: boolean
}

/** The answer to a claim. `history` is what the store knows of the client; the guard keeps a copy of it. */
export type StoreClaimResult =
  | { readonly kind: 'granted'; readonly history: StoreHistory | undefined }
  | {
      readonly kind: 'over_limit'
      readonly history: StoreHistory | undefined
      /**
       * Milliseconds until so many passes have left the window of the purse that it has room for this client; `windowMs` where
       * the limit is 0. At most `windowMs`. Until then the guard refuses this client by itself and asks no more.
       */
      readonly retryAfterMs: number
    }
  | { readonly kind: 'replayed' | 'unknown_client' }

/** A ticket that Tencent verified. */
export interface StoreVerified {
  /** Identifies this pass; a random text of 36 characters. */
  readonly passId: string
  readonly ticketKey: string
  readonly clientKey: string
  /** How long the ticket stays marked, in milliseconds. */
  readonly replayMs: number
  /** The application vouches for the user: the client stays known, and its rate does not rise. @default false */
  readonly isVouched?: boolean | undefined
}

/**
 * What a client has earned by verified passes.
 *
 * A store keeps a weight and the time of the last pass for each client. A pass at time `t` changes them to
 * `weight × e^(−(t − last) / rateMemoryMs) + 1` and `t`; a pass that is vouched for adds nothing, but leaves 1 at least.
 */
export interface StoreHistory {
  /**
   * Verified passes a minute as of the last pass: `weight × 60 000 / rateMemoryMs`. It does not fade between passes: in an
   * outage no pass is verified, and an address with many users needs its limit until the end.
   */
  readonly verifiedPerMinute: number
}

/** An operator's override, as every process gets it. */
export interface StoreOverride {
  /** Identifies this override; a random text of 36 characters. */
  readonly id: string
  readonly mode: OverrideMode
  /** Who set it. A store may cut it to 256 characters. */
  readonly by: string
  /** How long it lasts since it was set, in milliseconds; `null` if it has no end. A day at most, and never `null` for `'pass'`: what is, is no answer. */
  readonly forMs: number | null
  /**
   * When it was set, in whole milliseconds of the store's clock: the newest one wins. The process reckons it from the last
   * {@link StoreState.nowMs} and its own monotonic clock, so that neither its wall clock nor a client that sends late matters.
   */
  readonly setMs: number
}

/** What a process tells of the verified passes that it has seen, for the site's sums. Numbers, 0 or more. */
export interface StoreLearned {
  /** Verified passes a minute in the last minutes; `undefined` before it has learned them. */
  readonly baselinePerMinute: number | undefined
  /** The same over days; `undefined` as long as an earlier run of the site knows better. */
  readonly referencePerMinute: number | undefined
}

/** The state of a site, as the answer to a heartbeat. */
export interface StoreState {
  /** The time of the store's clock, in milliseconds since any moment that stays the same. */
  readonly nowMs: number
  /** Live processes, this one included; at least 1. */
  readonly processes: number
  /** Verified passes a minute of the whole site; `undefined` while none is known. */
  readonly baselinePerMinute: number | undefined
  /** The same over days; `undefined` while none is known. */
  readonly referencePerMinute: number | undefined
  /** The override that was set last, ended or not; `undefined` without one in `overrideMs`. */
  readonly override: StoreOverride | undefined
}
