import type { SimulatedCall } from './call-log.js'
import type { SimulatorCredential } from './check-signature.js'
import type { ApiFault, ApiFaultOptions, CredentialFault, ScheduledApiFault, ScriptFault } from './faults.js'
import type { MintedTicket, MintTicketOptions } from './ticket-book.js'

/** Options of `startSimulator`; each has a default. */
export interface SimulatorOptions {
  /** Address to listen on. Default `'127.0.0.1'`; addresses beyond loopback need `allowNonLoopback`. */
  readonly host?: string
  /** Port of the API, 0 to 65535. Default 0: any free one. */
  readonly port?: number
  /** Port of the script, the demo page, the control API, the metadata service and STS, 0 to 65535. Default 0: any free one. */
  readonly scriptPort?: number
  /** App id of web tickets. Default 190000001. */
  readonly captchaAppId?: number
  /** App id of mini-program tickets. Default: `captchaAppId`. */
  readonly miniCaptchaAppId?: number
  /** `AppSecretKey` that requests must hold. Default `'simulatorAppSecretKey0000'`. */
  readonly appSecretKey?: string
  /** The key pair that requests must be signed with. Default `AKIDsimulator` and `simulatorSecretKey`, no token. */
  readonly credential?: SimulatorCredential
  /**
   * Whether pages get tickets for an encrypted app id alone ("forced verification of CaptchaAppid"); a missing or wrong one gives a
   * 1006 fallback ticket, as at the vendor. Default false.
   */
  readonly enforceAidEncrypted?: boolean
  /** Seed of faults that hit a share of the calls, an integer. Default 1. */
  readonly seed?: number
  /**
   * Calls, canaries included, that the API answers in each second of `now`; later ones get `RequestLimitExceeded` and leave their
   * ticket unspent. A number, 0 or more. Default: no limit.
   */
  readonly callsPerSecond?: number
  /** Clock for ticket ages, signature time stamps and the call log, epoch ms. Default `Date.now`. */
  readonly now?: () => number
  /** Allows a `host` that other machines can reach, which can then mint tickets that pass. Default false. */
  readonly allowNonLoopback?: boolean
  /** Allows a start under `NODE_ENV=production`. Default false. */
  readonly allowInProduction?: boolean
}

/** The faults that are on, as plain JSON; null, or an absent `credential`, is health. */
export interface SimulatorFaults {
  readonly api: ScheduledApiFault | null
  readonly script: ScriptFault | null
  readonly credential?: CredentialFault
}

/** A running stand-in for Tencent CAPTCHA. */
export interface Simulator {
  /** The API, for the guard's `endpoint` option, e.g. `http://127.0.0.1:3001`. */
  readonly url: string
  /** The browser script, e.g. `http://127.0.0.1:3002/TJCaptcha.js`. */
  readonly scriptUrl: string
  /** The browser script of the international site, e.g. `http://127.0.0.1:3002/TJNCaptcha-global.js`: a checkbox in an element. */
  readonly internationalScriptUrl: string
  /** The HTTP control API: `GET` returns the state and the last 50 calls, `PUT` sets faults. */
  readonly controlUrl: string
  /**
   * A stand-in for the metadata service of a CVM, for `cvmRoleCredential({ metadataUrl })`. One role is bound,
   * `simulatorRole`. Every request gets new keys, which the API accepts with their token only, until they expire.
   */
  readonly metadataUrl: string
  /**
   * A stand-in for STS, for `tkeOidcCredential({ endpoint })`: answers `AssumeRoleWithWebIdentity` for any identity token that is
   * not empty.
   */
  readonly stsUrl: string
  /** App id of web tickets. */
  readonly captchaAppId: number
  /** App id of mini-program tickets. */
  readonly miniCaptchaAppId: number
  readonly appSecretKey: string
  readonly credential: SimulatorCredential
  /**
   * Makes a ticket as the script does: it starts with `tr03`, ends with `*`, and passes once within five minutes, with its randstr and
   * app id only. Ten minutes later it is forgotten and answered with code 15, as unknown tickets are; so is the oldest of more than
   * 200 000. Throws a TypeError for a wrong `fault`.
   */
  mintTicket(options?: MintTicketOptions): MintedTicket
  /**
   * Sets the fault of the API, until changed or as `options` says; `null` heals it. Calls that hang stay hanging.
   * `'refuse'` closes the port and cannot be limited to single calls. Throws a TypeError for a wrong fault or option.
   */
  setFault(fault: ApiFault | null, options?: ApiFaultOptions): void
  /** Sets the fault of the script for later page loads; `null` heals it. Throws a TypeError for a wrong fault. */
  setScriptFault(fault: ScriptFault | null): void
  /**
   * Sets the fault of the metadata service and of STS; `null` heals them. Keys that were issued before stay valid, requests that
   * hang stay hanging. Throws a TypeError for a wrong fault.
   */
  setCredentialFault(fault: CredentialFault | null): void
  /** The API refuses every temporary key issued so far from now on (`AuthFailure.SecretIdNotFound`), as after a rotation. */
  revokeTemporaryKeys(): void
  /** Resolves when the port of the API is open or closed as the faults say; needed only right after `'refuse'` was healed. */
  settled(): Promise<void>
  readonly faults: SimulatorFaults
  /** A copy of the last 10 000 calls of the API, oldest first; a hanging call is in it from its arrival on. */
  readonly calls: readonly SimulatedCall[]
  /** Number of requests for the script, with any outcome. */
  readonly scriptHits: number
  /** Number of requests that followed the `redirect` fault. */
  readonly redirectHits: number
  /** Number of requests for temporary keys, with any outcome. */
  readonly credentialHits: number
  /** Clears `calls` and sets the three counters of hits to 0. */
  clearCalls(): void
  /** Destroys all connections and frees the ports. A second call has no effect. */
  close(): Promise<void>
}
