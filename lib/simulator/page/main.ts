import { InternationalCaptcha } from './international-captcha.js'
import { SimulatedCaptcha } from './simulated-captcha.js'

const { src } = (document.currentScript ?? {}) as Partial<HTMLScriptElement>
const origin = src ? new URL(src, document.baseURI).origin : parameters.origin
const isInternational = parameters.site === 'international'
const Captcha = isInternational ? InternationalCaptcha : SimulatedCaptcha

window.TencentCaptcha = class TencentCaptcha extends Captcha {
  constructor(...values: unknown[]) {
    super({ ...parameters, origin }, values)
  }
}
// The international script alone sets it.
if (isInternational) window.TCaptchaGlobal = true
