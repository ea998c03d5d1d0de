import type { CaptchaReason, DegradationCause } from '../../lib/admission/cause-table.js'
import type { CircuitSnapshot } from '../../lib/site/circuit.js'
import type { Lab } from './lab.js'
import type { PlainResult } from './plain-client.js'

/** A text of the published table, in its two languages. */
export interface Text {
  readonly en: string
  readonly zh: string
}

/**
 * How long a user waits. `at once`: for no more than a second connection (50 ms), another address (250 ms) or the store (200 ms);
 * the run allows 900 ms, since the machine may be busy. `at the deadline`: `timeoutMs` (2 s), of which a canary that is still unanswered keeps the last 50 ms. `before the deadline`:
 * something came late, but in time.
 */
export type Duration = 'at once' | 'before the deadline' | 'at the deadline'

/** What the design asks for. */
export interface Expected {
  /** One ticket of one user, who is the first to meet the fault. */
  readonly verdict: {
    readonly reason: CaptchaReason
    readonly passed: boolean
    readonly cause?: DegradationCause
    /** Whether the server had evidence of an outage by then; absent where Tencent's verdict is there. */
    readonly evidence?: 'none' | 'outage'
  }
  readonly time: Duration
  /** How often the ticket reached Tencent. */
  readonly sent: number
  /** Lines of level info or above until then, by name. */
  readonly lines: readonly string[]
  readonly circuit: {
    readonly afterOne: CircuitSnapshot['state']
    /** After twenty users at once. */
    readonly afterTwenty: CircuitSnapshot['state']
  }
  /** The next user, after these twenty. */
  readonly next: { readonly reason: CaptchaReason; readonly time: Duration }
  /** State of the shared store afterwards, where there is one. */
  readonly store?: 'up' | 'down'
}

/** What a guard is made with in its own process; the rest are defaults. */
export interface GuardSetting {
  readonly endpoint: string | readonly string[]
  readonly credential?:
    | { readonly from: 'cvm'; readonly metadataUrl: string; readonly timeoutMs?: number }
    | { readonly from: 'tke'; readonly stsUrl: string; readonly tokenFile: string; readonly timeoutMs?: number }
    | { readonly from: 'options'; readonly secretId: string; readonly secretKey: string; readonly token?: string }
  readonly redis?: { readonly port: number; readonly password?: string }
}

/** A fault that has been made. */
export interface MadeFault extends GuardSetting {
  /** Where the fault begins after a ticket was verified: makes it begin. */
  strike?(): unknown
  /** Ends what would hold the process longer than the guard does. */
  heal?(): unknown
}

/** What a client does that is written with the vendor's SDK, against the same fault. */
export interface PlainClient {
  readonly text: Text
  /** The SDK; `fetch` for the platform's own. @default 'sdk' */
  readonly client?: 'sdk' | 'fetch'
  holds(result: PlainResult, lab: Lab): boolean
}

export type Need = 'a C compiler' | 'redis-server' | 'Linux' | 'IPv6'

/** One row: a fault, how it is made, and what is expected. */
export interface FaultCase {
  /** Unique; names the test. */
  readonly id: string
  readonly fault: Text
  readonly made: Text
  readonly needs?: readonly Need[]
  /** Environment of the guard's process. */
  readonly env?: (lab: Lab) => Readonly<Record<string, string>>
  /** Makes the fault, for one guard. */
  readonly make: (lab: Lab) => Promise<MadeFault>
  readonly expected: Expected
  readonly plain?: PlainClient
  /** What else has to hold in this row, such as how much was read of a body. */
  readonly also?: (lab: Lab) => void
}

/** A section of the table. */
export interface FaultSection {
  readonly title: Text
  readonly intro?: Text
  readonly cases: readonly FaultCase[]
}
