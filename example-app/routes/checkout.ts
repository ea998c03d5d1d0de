import { Router } from 'express'
import { type CaptchaGuard, requireCaptcha } from 'tencent-captcha-guard'
import * as v from 'valibot'
import { explain, formPage } from '../views/form-page.js'
import { html } from '../views/html.js'
import type { CheckoutAnswer } from '../wire.js'

const methods = { alipay: 'Alipay', wechat: 'WeChat Pay' }
const orderSchema = v.object({ method: v.fallback(v.picklist(['alipay', 'wechat']), 'alipay') })

/** A route where money moves: the guard runs first, and `requireCaptcha` then refuses the degraded passes that the guard let in. */
export function checkoutRoutes(guard: CaptchaGuard): Router {
  const router = Router()

  router.get('/checkout', (_req, res) => res.send(checkoutPage(res.locals)))

  router.post('/checkout', guard, requireCaptcha({ allowDegraded: false }), (req, res) => {
    const { method } = v.parse(orderSchema, req.body ?? {})
    const order = `YW-${Date.now().toString(36).slice(-6).toUpperCase()}`
    const answer: CheckoutAnswer = { order, method: methods[method] }
    res.json({ ...answer, explanation: explain(req, res) })
  })

  return router
}

function checkoutPage(locals: Express.Locals): string {
  return formPage(locals, {
    path: '/checkout',
    title: 'Checkout',
    intro: html`<h1>Checkout</h1>
  <table class="order">
    <caption class="visually-hidden">Your order</caption>
    <tbody>
      <tr><th scope="row">West Lake Longjing <small>50 g</small></th><td>¥168.00</td></tr>
      <tr><th scope="row">Anxi Tieguanyin <small>2 × 50 g</small></th><td>¥196.00</td></tr>
      <tr><th scope="row">Delivery, Hangzhou</th><td>¥12.00</td></tr>
    </tbody>
    <tfoot><tr><th scope="row">Total</th><td>¥376.00</td></tr></tfoot>
  </table>`,
    fields: html`<fieldset class="choices">
      <legend>Pay with</legend>
      <label><input type="radio" name="method" value="alipay" checked> Alipay</label>
      <label><input type="radio" name="method" value="wechat"> WeChat Pay</label>
    </fieldset>`,
    button: 'Pay ¥376.00',
    policy: 'Money moves only on Tencent’s word. In an outage this route says “not now” and charges nothing.',
    code: `app.post('/checkout', express.json(), guard,
  requireCaptcha({ allowDegraded: false }),
  (req, res) => {
    // Here the visitor is verified.
    charge(req.body)
  })`,
  })
}
