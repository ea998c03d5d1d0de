import type { OverrideMode } from '../admission/question.js'

/**
 * Shares per-client purses, replay memory, history, baseline and override between processes. Made by
 * `redisStore(client)` of `tencent-captcha-guard/redis`.
 */
export interface CaptchaStore {
  /** What the snapshot calls it, e.g. `'redis'`. */
  readonly kind: string
  /** Called once by each guard. Must not throw, and need not be reachable yet. */
  connect(context: StoreContext): StoreSession
}

export interface StoreContext {
  readonly captchaAppId: number
  /** Unique to this process and guard. */
  readonly processId: string
  /** Told once of a value under our keys that cannot be read and is treated as absent. */
  readonly onCorruption: (key: string) => void
}

/**
 * One guard's operations. Each is atomic and may reject or never settle: the caller has its own deadline, and local limits
 * for that case.
 */
export interface StoreSession {
  /** Takes one degraded pass of a client and marks its ticket, together or not at all. */
  claim(claim: SharedClaim): Promise<SharedClaimResult>
  /** Undoes a claim whose total was empty. */
  release(claim: SharedClaim): Promise<void>
  /** Marks a verified ticket and notes the client's history, unless the ticket has passed at any process already. */
  recordVerified(verified: SharedVerified): Promise<{ readonly isFirst: boolean }>
  /** A genuine late verdict: history alone. */
  recordHistory(clientKey: string): Promise<void>
  /** History of one client, or `undefined` without a verified pass in 24 hours. */
  readHistory(clientKey: string): Promise<SharedHistory | undefined>
  /** Says that this process lives, and what it has learned; returns what the others say. */
  heartbeat(own: { readonly baselinePerMinute: number | undefined }): Promise<SharedState>
  setOverride(override: SharedOverride): Promise<void>
}

export interface SharedVerified {
  /** Unique to this pass: a client that reconnects may record it twice. */
  readonly passId: string
  readonly ticketKey: string
  readonly clientKey: string
}

export interface StorePurse {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  readonly ownRateFactor: number
}

export interface SharedClaim {
  /** Unique to this claim, so that it can be undone. */
  readonly claimId: string
  readonly clientKey: string
  /** Absent where no ticket came along. */
  readonly ticketKey: string | undefined
  readonly replayMs: number
  readonly purses: readonly StorePurse[]
  /** Grant only to keys with history: what is left of the total is reserved for them. */
  readonly requireKnown: boolean
}

export type SharedClaimResult =
  | { readonly kind: 'granted'; readonly history: SharedHistory | undefined }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'over_limit'; readonly history: SharedHistory | undefined }
  /** `requireKnown`, and the key has no history. */
  | { readonly kind: 'unknown_client' }

export interface SharedHistory {
  /** Verified passes a minute of this key, lately. */
  readonly verifiedPerMinute: number
}

export interface SharedOverride {
  readonly mode: OverrideMode
  readonly by: string
  /** Milliseconds since 1970, or `null` for no end. */
  readonly untilEpochMs: number | null
  /** When it was set, milliseconds since 1970: the newest wins. */
  readonly setEpochMs: number
}

export interface SharedState {
  /** Live processes, this one included; at least 1. */
  readonly processes: number
  /** Verified passes a minute of the whole site, as last learned. */
  readonly baselinePerMinute: number | undefined
  readonly override: SharedOverride | undefined
}
