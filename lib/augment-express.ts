import type { CaptchaVerdict } from './admission/verdict.js'

declare global {
  namespace Express {
    interface Request {
      /** The outcome of the captcha guard; absent where no guard ran or the guard skipped the request. */
      captcha?: CaptchaVerdict
    }
  }
}
