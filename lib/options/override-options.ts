import { maxOverrideMs, type OverrideMode } from '../admission/question.js'
import { type OverrideState, overrideOff } from '../site/override-switch.js'
import { CaptchaConfigError } from './captcha-config-error.js'

/** How long an override lasts, and who set it. */
export interface OverrideOptions {
  /** Milliseconds it lasts; required for `'pass'`. Integer, 1 to 86 400 000. */
  readonly forMs?: number | undefined
  /** Who set it, for the log. */
  readonly by?: string | undefined
}

/** Checks an override. Throws {@link CaptchaConfigError} on a wrong mode or option, and where `'pass'` has no end. */
export function parseOverride(mode: OverrideMode, options: OverrideOptions): OverrideState {
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
  if (mode === 'none') return { ...overrideOff, by: by ?? '' }
  if (forMs === undefined && mode === 'pass') {
    throw new CaptchaConfigError(
      'forMs',
      "override('pass') needs `forMs`, the milliseconds it lasts: an open door must close by itself.",
    )
  }
  if (forMs !== undefined && !(Number.isInteger(forMs) && forMs >= 1 && forMs <= maxOverrideMs)) {
    throw new CaptchaConfigError(
      'forMs',
      `override \`forMs\` is ${String(forMs)}; it must be an integer from 1 to ${maxOverrideMs}.`,
    )
  }
  return { mode, by: by ?? '', leftMs: forMs ?? Number.POSITIVE_INFINITY }
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
