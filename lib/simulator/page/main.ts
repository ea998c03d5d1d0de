import { SimulatedCaptcha } from './simulated-captcha.js'

const { src } = (document.currentScript ?? {}) as Partial<HTMLScriptElement>
const origin = src ? new URL(src, document.baseURI).origin : parameters.origin

window.TencentCaptcha = class TencentCaptcha extends SimulatedCaptcha {
  constructor(...values: unknown[]) {
    super({ ...parameters, origin }, values)
  }
}
