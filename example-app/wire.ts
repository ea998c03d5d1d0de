/** The JSON that the server and its pages exchange. Nothing here needs Node or a browser. */

/** What the guard decided, for the panel beside a form; absent in production. */
export interface Explanation {
  readonly degraded: boolean
  readonly reason: string
  readonly durationMs: number
}

export interface LoginAnswer {
  readonly name: string
}

export interface CheckoutAnswer {
  readonly order: string
  readonly method: string
}

export interface Review {
  readonly author: string
  readonly text: string
  /** The review is kept back until Tencent's late verdict, or a person, has settled it. */
  readonly isHeld: boolean
}

/** One request that the guard has decided. */
export interface VerdictEntry {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly path: string
  readonly status: number
  readonly passed: boolean
  readonly degraded: boolean
  readonly reason: string
  readonly cause?: string
  readonly durationMs: number
}

/** One line of pino. */
export interface LogLine {
  readonly level: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly msg: string
  /** In milliseconds; lines of requests alone have it. */
  readonly responseTime?: number
  readonly [field: string]: unknown
}

/** What the switchboard's page knows of the simulator. */
export interface SwitchboardState {
  /** Present exactly when Tencent is simulated. */
  readonly simulator?: {
    /** Ids of the switches that are on. */
    readonly switches: Partial<Readonly<Record<FaultTarget, string>>>
    /** Calls that the simulator has had. */
    readonly calls: number
  }
}

export type PurseName = 'outage' | 'doubt'
export type FaultTarget = 'api' | 'script'

/** The colour that says how good something is; `''` is neutral. */
export type Tone = 'good' | 'warn' | 'bad' | ''

/** In the order of the page. */
export const attackIds = [
  'junk_hangs_up',
  'junk_one_address',
  'junk_after_solve',
  'stumbling_ticket',
  'forged_fallback',
  'replay',
  'stamped_ahead',
  'two_guards',
  'hanging_credentials',
] as const
export type AttackId = (typeof attackIds)[number]

/** What one attack on a site of its own gained. */
export interface AttackReport {
  readonly id: AttackId
  /** Requests of the attacker's. */
  readonly tries: number
  /** Calls at Tencent about the attacker's tickets. */
  readonly asked: number
  /** Requests of the attacker's that reached the handler; `verified` of them with Tencent's word. */
  readonly passed: number
  readonly verified: number
  /** The attacker's degraded passes, by purse. */
  readonly drawn: Readonly<Record<PurseName, number>>
  readonly isCircuitOpen: boolean
  readonly hasEvidence: boolean
  /** An outage was announced while the attack ran, and not before. */
  readonly hasOpened: boolean
  readonly honest: { readonly visits: number; readonly verified: number; readonly passed: number }
}
