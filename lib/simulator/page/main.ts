import { InternationalCaptcha } from './international-captcha.js'
import { SimulatedCaptcha } from './simulated-captcha.js'

// Not an image with that name.
const tag = document.currentScript instanceof HTMLScriptElement ? document.currentScript : undefined
const origin = tag?.src ? new URL(tag.src).origin : parameters.origin
const isInternational = parameters.site === 'international'
const Captcha = isInternational ? InternationalCaptcha : SimulatedCaptcha

window.TencentCaptcha = class TencentCaptcha extends Captcha {
  constructor(...values: unknown[]) {
    super({ ...parameters, origin }, values)
  }
}
// The international script alone sets it.
if (isInternational) window.TCaptchaGlobal = true
