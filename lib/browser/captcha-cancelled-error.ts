/**
 * The user closed the challenge. Nothing went wrong and there is no ticket: let the user try again.
 * Where two copies of the kit are on one page, test `error.name === 'CaptchaCancelledError'` instead of `instanceof`.
 */
export class CaptchaCancelledError extends Error {
  constructor() {
    super('The user closed the CAPTCHA')
    this.name = 'CaptchaCancelledError'
  }
}
