import type { ApiFault, ApiFaultOptions, ScheduledApiFault } from './api-fault.js'
import type { SimulatedCall } from './call-log.js'
import type { SimulatorCredential } from './check-signature.js'
import type { ScriptFault } from './script-fault.js'
import type { MintedTicket, MintTicketOptions } from './ticket-book.js'

/** The scripted state of a simulator, as plain JSON. */
export interface SimulatorFaults {
  readonly api: ScheduledApiFault | null
  readonly script: ScriptFault | null
}

/** A running stand-in for Tencent CAPTCHA. */
export interface Simulator {
  /** The API, for the guard's `endpoint` option, e.g. `http://127.0.0.1:3001`. */
  readonly url: string
  /** The browser script, e.g. `http://127.0.0.1:3002/TJCaptcha.js`. */
  readonly scriptUrl: string
  /** HTTP control API: `GET` tells the state and the last calls, `PUT` sets faults. */
  readonly controlUrl: string
  readonly captchaAppId: number
  readonly miniCaptchaAppId: number
  readonly appSecretKey: string
  readonly credential: SimulatorCredential
  /** Makes a ticket as the script does: starts `tr03`, ends `*`, works once within five minutes, with its randstr and app id only. */
  mintTicket(options?: MintTicketOptions): MintedTicket
  /**
   * Makes the API misbehave, until changed or as `options` says; `null` heals it. Calls that hang stay hanging.
   * `'refuse'` closes the port for everybody and cannot be limited to single calls. Throws a TypeError on bad input.
   */
  setFault(fault: ApiFault | null, options?: ApiFaultOptions): void
  /** Makes the script misbehave for pages that load it from now on; `null` heals it. Throws a TypeError on bad input. */
  setScriptFault(fault: ScriptFault | null): void
  /** Resolves when the port of the API is as the faults want it; needed only right after `'refuse'` was healed. */
  settled(): Promise<void>
  readonly faults: SimulatorFaults
  /** The last 10 000 calls of the API, oldest first, as of now; hanging calls are in it from their arrival. */
  readonly calls: readonly SimulatedCall[]
  /** How often the script was asked for, whatever came of it. */
  readonly scriptHits: number
  /** How often a client followed the `redirect` fault to its end. */
  readonly redirectHits: number
  /** Forgets the logged calls; `scriptHits` and `redirectHits` go back to 0. */
  clearCalls(): void
  /** Destroys all connections and frees the ports. May be called twice. */
  close(): Promise<void>
}
