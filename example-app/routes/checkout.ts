import { Router } from 'express'
import { type CaptchaGuard, requireCaptcha } from 'tencent-captcha-guard'
import * as v from 'valibot'
import { explain, formPage } from '../views/form-page.js'
import { html } from '../views/html.js'
import type { CheckoutAnswer } from '../wire.js'

const methods = { alipay: ['Alipay', '支付宝'], wechat: ['WeChat Pay', '微信支付'] } as const
const orderSchema = v.object({ method: v.fallback(v.picklist(['alipay', 'wechat']), 'alipay') })

/** A route where money moves: the guard runs first, and `requireCaptcha` then refuses the degraded passes that the guard let in. */
export function checkoutRoutes(guard: CaptchaGuard): Router {
  const router = Router()

  router.get('/checkout', (_req, res) => res.send(checkoutPage(res.locals)))

  router.post('/checkout', guard, requireCaptcha({ allowDegraded: false }), (req, res) => {
    const { method } = v.parse(orderSchema, req.body ?? {})
    const order = `YW-${Date.now().toString(36).slice(-6).toUpperCase()}`
    const [english, chinese] = methods[method]
    const answer: CheckoutAnswer = { order, method: res.locals.say(english, chinese) }
    res.json({ ...answer, explanation: explain(req, res) })
  })

  return router
}

function checkoutPage(locals: Express.Locals): string {
  const { say } = locals
  return formPage(locals, {
    path: '/checkout',
    title: say('Checkout', '结算'),
    intro: html`<h1>${say('Checkout', '结算')}</h1>
  <table class="order">
    <caption class="visually-hidden">${say('Your order', '您的订单')}</caption>
    <tbody>
      <tr><th scope="row">${say('West Lake Longjing', '西湖龙井')} <small>50 g</small></th><td>¥168.00</td></tr>
      <tr><th scope="row">${say('Anxi Tieguanyin', '安溪铁观音')} <small>2 × 50 g</small></th><td>¥196.00</td></tr>
      <tr><th scope="row">${say('Delivery, Hangzhou', '配送至杭州')}</th><td>¥12.00</td></tr>
    </tbody>
    <tfoot><tr><th scope="row">${say('Total', '合计')}</th><td>¥376.00</td></tr></tfoot>
  </table>`,
    fields: html`<fieldset class="choices">
      <legend>${say('Pay with', '支付方式')}</legend>
      <label><input type="radio" name="method" value="alipay" checked> ${say(...methods.alipay)}</label>
      <label><input type="radio" name="method" value="wechat"> ${say(...methods.wechat)}</label>
    </fieldset>`,
    button: say('Pay ¥376.00', '支付 ¥376.00'),
    policy: say(
      'Money moves only on Tencent’s word. In an outage this route says “not now” and charges nothing.',
      '只有腾讯云核验通过才会扣款。中断期间此路由婉拒，不会扣款。',
    ),
    code: `app.post('/checkout', express.json(), guard,
  requireCaptcha({ allowDegraded: false }),
  (req, res) => {
    // Here the visitor is verified.
    charge(req.body)
  })`,
  })
}
