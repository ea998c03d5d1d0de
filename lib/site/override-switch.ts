import type { OverrideMode } from '../admission/decide.js'
import type { Clock, Timer } from '../clock.js'
import { CaptchaConfigError } from '../options/captcha-config-error.js'

/** How long an override lasts, and who set it. */
export interface OverrideOptions {
  /** Milliseconds it lasts; required for `'pass'`. Integer, 1 to 86 400 000. */
  readonly forMs?: number | undefined
  /** Who set it, for the log. */
  readonly by?: string | undefined
}

export interface OverrideSnapshot {
  readonly mode: OverrideMode
  readonly by?: string
  /** ISO 8601; absent where it lasts until it is changed. */
  readonly until?: string
}

export interface OverrideState {
  readonly mode: OverrideMode
  readonly by: string
  /** Milliseconds since 1970. */
  readonly untilMs: number
}

/** Set here, set at another process, or ended by time. */
export type OverrideChange = 'set' | 'shared' | 'expired'

const maxForMs = 86_400_000
const off: OverrideState = Object.freeze({ mode: 'none', by: '', untilMs: Number.POSITIVE_INFINITY })

/** The operator's kill switch, both ways. It ends by itself. */
export class OverrideSwitch {
  readonly #clock: Clock
  readonly #onChange: (state: OverrideState, why: OverrideChange) => void
  #state: OverrideState = off
  #timer: Timer | undefined

  constructor(clock: Clock, onChange: (state: OverrideState, why: OverrideChange) => void) {
    this.#clock = clock
    this.#onChange = onChange
  }

  /** Throws {@link CaptchaConfigError} on a wrong mode, and where `'pass'` has no end. */
  set(mode: OverrideMode, options: OverrideOptions = {}): OverrideState {
    this.#change(parseOverride(mode, options, this.#clock.epochMs()), 'set')
    return this.#state
  }

  /** Takes over a state that was set at another process. */
  adopt(state: OverrideState): void {
    this.#change(state, 'shared')
  }

  /** Frees the timer. */
  close(): void {
    this.#timer?.cancel()
  }

  #change(state: OverrideState, why: OverrideChange): void {
    this.#timer?.cancel()
    this.#state = state
    this.#watchForEnd()
    this.#onChange(state, why)
  }

  /** Its end is told in time also where nobody comes by to notice. */
  #watchForEnd(): void {
    const { untilMs } = this.#state
    if (!Number.isFinite(untilMs)) return
    this.#timer = this.#clock.after(Math.max(0, untilMs - this.#clock.epochMs()), () => {
      if (this.mode !== 'none') this.#watchForEnd()
    })
  }

  get mode(): OverrideMode {
    if (this.#state.untilMs <= this.#clock.epochMs()) {
      const expired = this.#state
      this.#state = off
      this.#onChange(expired, 'expired')
    }
    return this.#state.mode
  }

  snapshot(): OverrideSnapshot {
    const mode = this.mode
    const { by, untilMs } = this.#state
    return { mode, ...(by && { by }), ...(Number.isFinite(untilMs) && { until: new Date(untilMs).toISOString() }) }
  }
}

function parseOverride(mode: OverrideMode, options: OverrideOptions, epochMs: number): OverrideState {
  if (mode !== 'pass' && mode !== 'verify_only' && mode !== 'none') {
    throw new CaptchaConfigError(
      'override',
      `override mode is ${JSON.stringify(mode)}; it must be 'pass', 'verify_only' or 'none'.`,
    )
  }
  checkOptions(options)
  const { forMs, by } = options
  if (by !== undefined && typeof by !== 'string') {
    throw new CaptchaConfigError('by', 'override `by` must be a string: who set it.')
  }
  if (mode === 'none') return { ...off, by: by ?? '' }
  if (forMs === undefined && mode === 'pass') {
    throw new CaptchaConfigError(
      'forMs',
      "override('pass') needs `forMs`, the milliseconds it lasts: an open door must close by itself.",
    )
  }
  if (forMs !== undefined && !(Number.isInteger(forMs) && forMs >= 1 && forMs <= maxForMs)) {
    throw new CaptchaConfigError(
      'forMs',
      `override \`forMs\` is ${String(forMs)}; it must be an integer from 1 to ${maxForMs}.`,
    )
  }
  return { mode, by: by ?? '', untilMs: forMs === undefined ? Number.POSITIVE_INFINITY : epochMs + forMs }
}

function checkOptions(options: OverrideOptions): void {
  if (typeof options !== 'object' || options === null) {
    throw new CaptchaConfigError('override', 'override options must be an object: { forMs, by }.')
  }
  const unknown = Object.keys(options).find((name) => name !== 'forMs' && name !== 'by')
  if (unknown !== undefined) {
    throw new CaptchaConfigError(unknown, `unknown override option \`${unknown}\`; known are \`forMs\` and \`by\`.`)
  }
}
