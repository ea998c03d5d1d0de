import * as v from 'valibot'
import { maxOverrideMs, type OverrideMode } from '../admission/question.js'
import { type OverrideState, overrideOff } from '../site/override-switch.js'
import { CaptchaConfigError } from './captcha-config-error.js'
import { integer, objectOf, parse } from './schema-parts.js'

/** How long an override lasts, and who set it. */
export interface OverrideOptions {
  /** Milliseconds it lasts; required for `'pass'`. Integer, 1 to 86 400 000. */
  readonly forMs?: number | undefined
  /** Who set it, for the log. */
  readonly by?: string | undefined
}

const schema = objectOf({
  forMs: v.optional(integer(1, maxOverrideMs, `an integer from 1 to ${maxOverrideMs}`)),
  by: v.optional(v.string('a string: who set it'), ''),
})

/** Checks an override. Throws {@link CaptchaConfigError} on a wrong mode or option, and where `'pass'` has no end. */
export function parseOverride(mode: OverrideMode, options: OverrideOptions): OverrideState {
  if (mode !== 'pass' && mode !== 'verify_only' && mode !== 'none') {
    throw new CaptchaConfigError(
      'override',
      `override mode is ${JSON.stringify(mode)}; it must be 'pass', 'verify_only' or 'none'.`,
    )
  }
  const { forMs, by } = parse('override', schema, options)
  if (mode === 'none') return { ...overrideOff, by }
  if (forMs === undefined && mode === 'pass') {
    throw new CaptchaConfigError(
      'forMs',
      "override('pass') needs `forMs`, the milliseconds it lasts: it must end without a second call.",
    )
  }
  return { mode, by, leftMs: forMs ?? Number.POSITIVE_INFINITY }
}
