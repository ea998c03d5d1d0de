import type { ScriptParameters } from '../faults.js'
import { type Dialog, type DialogOptions, openDialog } from './dialog.js'
import { errorMessages } from './error-messages.js'
import { mountChallenge } from './mount-challenge.js'

const fallbackDelayMs = 450
const selfCloseDelayMs = 700
const lateFallbackDelayMs = 1200
const solvedPauseMs = 420

interface CaptchaOptions extends DialogOptions {
  readonly bizState?: unknown
  readonly ready?: unknown
  readonly showFn?: unknown
  readonly verifyFn?: unknown
  readonly aidEncrypted?: unknown
}

interface ConstructorArguments {
  readonly trigger: Element | null
  readonly appId: string
  readonly callback: (result: object) => void
  readonly options: CaptchaOptions
}

interface MintedTicket {
  readonly ticket: string
  readonly randstr: string
}

/** The vendor's two forms: with an element first, whose click shows the challenge, and without. */
function readArguments(values: readonly unknown[]): ConstructorArguments {
  // Not instanceof: the element may belong to another document.
  const trigger = (values[0] as Node | null | undefined)?.nodeType === 1 ? (values[0] as Element) : null
  const [appId, callback, options] = trigger ? values.slice(1) : values
  if (typeof appId !== 'string' || appId === '') throw new Error('TencentCaptcha: appId must be a string')
  if (typeof callback !== 'function') throw new Error('TencentCaptcha: callback must be a function')
  return { trigger, appId, callback: callback as ConstructorArguments['callback'], options: options || {} }
}

/** Resolves to a ticket, or to the error code of the fallback ticket that the page gets instead. */
async function fetchTicket(origin: string, appId: string, aidEncrypted: unknown): Promise<MintedTicket | number> {
  const response = await fetch(`${origin}/ticket`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ captchaAppId: appId, channel: 'web', aidEncrypted }),
  })
  // A wrong encrypted app id looks like a failed request for the configuration, as at the vendor.
  if (response.status === 403) return 1006
  return response.ok ? response.json() : 1013
}

function callHook(hook: unknown, information: object): void {
  if (typeof hook === 'function') hook(information)
}

/** A challenge with the interface of the vendor's instances, and with the fault that the simulator asked for. */
export class SimulatedCaptcha {
  readonly #parameters: ScriptParameters
  readonly #given: ConstructorArguments
  readonly #timers = new Set<number>()
  readonly #sid = `s1${Math.random().toString(36).slice(2)}${Date.now().toString(36)}`
  readonly #onTrigger = () => this.show()
  #dialog: Dialog | null = null
  #shownAt = 0
  /** Counts what ends a challenge, so that a ticket that arrives afterwards is dropped. */
  #round = 0
  #ticket = ''

  /** `values` are the arguments of the page. Throws an Error for a wrong app id or callback. */
  constructor(parameters: ScriptParameters, values: readonly unknown[]) {
    if (parameters.fault === 'constructor_throws') throw new Error('TencentCaptcha: cannot be initialised')
    this.#parameters = parameters
    this.#given = readArguments(values)
    this.#given.trigger?.addEventListener('click', this.#onTrigger)
  }

  /** Shows the challenge, unless it is on the screen. */
  show(): void {
    const { fault } = this.#parameters
    if (this.#dialog || fault === 'never_ready') return
    const round = ++this.#round
    const startedAt = performance.now()
    const dialog = openDialog(this.#given.appId, this.#given.options, () => this.#closedByUser())
    this.#dialog = dialog
    if (this.failsByFault()) return
    mountChallenge(dialog, (showSolved) => this.#solve(round, showSolved))
    this.#shownAt = performance.now()
    this.#announce(dialog, Math.round(this.#shownAt - startedAt))
    if (fault === 'user_closes') this.#after(selfCloseDelayMs, () => this.#closedByUser())
  }

  /** Calls back with the fallback result of the fault, after a moment; returns false when the fault has none. */
  failsByFault(): boolean {
    const { fault } = this.#parameters
    // The vendor writes both prefixes; a page and its server must accept either.
    if (fault === 'fallback_after_show') this.#after(fallbackDelayMs, () => this.#fallBack('terror', 1006))
    else if (typeof fault === 'object' && fault !== null) {
      this.#after(fallbackDelayMs, () => this.#fallBack('trerror', fault.errorCode))
    } else return false
    return true
  }

  /** Removes everything from the page; no callback follows. */
  destroy(): void {
    this.#round++
    for (const timer of this.#timers) clearTimeout(timer)
    this.#timers.clear()
    this.#hide()
    this.#given.trigger?.removeEventListener('click', this.#onTrigger)
  }

  /** Starts the challenge on the screen anew. */
  refresh(): void {
    if (!this.#dialog) return
    this.#hide()
    this.show()
  }

  /** Returns the last ticket; it is empty before the first. */
  getTicket(): { CaptchaAppId: string; ticket: string } {
    return { CaptchaAppId: this.#given.appId, ticket: this.#ticket }
  }

  #after(delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, delayMs)
    this.#timers.add(timer)
  }

  #announce({ card }: Dialog, duration: number): void {
    const { width, height } = card.getBoundingClientRect()
    const { ready, showFn } = this.#given.options
    callHook(ready, { sdkView: { width: Math.round(width), height: Math.round(height) } })
    callHook(showFn, { duration, sid: this.#sid })
  }

  #hide(): void {
    this.#dialog?.remove()
    this.#dialog = null
  }

  #common(): object {
    const { appId, options } = this.#given
    return { appid: appId, CaptchaAppId: appId, bizState: options.bizState }
  }

  #closedByUser(): void {
    if (!this.#dialog) return
    this.#round++
    this.#hide()
    this.#given.callback({ ret: 2, ticket: null, randstr: null, ...this.#common() })
  }

  async #solve(round: number, showSolved: () => void): Promise<void> {
    const askedAt = performance.now()
    const actionDuration = Math.round(askedAt - this.#shownAt)
    const { appId, options } = this.#given
    const minted = await fetchTicket(this.#parameters.origin, appId, options.aidEncrypted).catch(() => 1013)
    if (round !== this.#round) return
    if (typeof minted === 'number') return this.#fallBack('terror', minted)
    const verifyDuration = Math.round(performance.now() - askedAt)
    callHook(options.verifyFn, { pass: true, sid: this.#sid })
    showSolved()
    this.#after(solvedPauseMs, () => this.#pass(round, minted, { actionDuration, verifyDuration }))
  }

  #pass(round: number, { ticket, randstr }: MintedTicket, durations: object): void {
    if (round !== this.#round) return
    this.#ticket = ticket
    this.#hide()
    if (this.#parameters.fault === 'late_second_callback') {
      this.#after(lateFallbackDelayMs, () => this.#fallBack('terror', 1006))
    }
    this.#given.callback({ ret: 0, ticket, randstr, ...this.#common(), ...durations, sid: this.#sid })
  }

  #fallBack(prefix: 'terror' | 'trerror', errorCode: number): void {
    this.#round++
    this.#hide()
    this.#given.callback({
      ret: 0,
      ticket: [prefix, errorCode, this.#given.appId, Math.floor(Date.now() / 1000)].join('_'),
      randstr: `@${Math.random().toString(36).slice(2)}`,
      errorCode,
      errorMessage: errorMessages[errorCode] ?? `error_${errorCode}`,
      // A show() that timed out is reported past the place where the vendor's script adds these.
      ...(errorCode === 1002 ? {} : this.#common()),
    })
  }
}
