/** A wrong, missing or unknown option. Thrown when the guard is made, never while a request is served. */
export class CaptchaConfigError extends TypeError {
  override readonly name = 'CaptchaConfigError'
  readonly code = 'ERR_CAPTCHA_CONFIG'
  /** The option at fault, as a path: `degradation.circuit.windowMs`. */
  readonly option: string

  constructor(option: string, problem: string) {
    super(`tencent-captcha-guard: ${problem}`)
    this.option = option
  }
}
