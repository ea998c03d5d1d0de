// @ts-check
import { decisionPanel } from './decision-panel.mjs'
import { html } from './html.mjs'
import { layout } from './layout.mjs'

const code = `app.post('/checkout', express.json(), guard,
  requireCaptcha({ allowDegraded: false }),
  (req, res) => {
    // Here the visitor is verified.
    charge(req.body)
  })`

/** @param {import('express').Response} res */
export function checkoutPage(res) {
  const content = html`<div class="split">
<section class="card">
  <h1>Checkout</h1>
  <table class="order">
    <caption class="visually-hidden">Your order</caption>
    <tbody>
      <tr><th scope="row">West Lake Longjing <small>50 g</small></th><td>¥168.00</td></tr>
      <tr><th scope="row">Anxi Tieguanyin <small>2 × 50 g</small></th><td>¥196.00</td></tr>
      <tr><th scope="row">Delivery, Hangzhou</th><td>¥12.00</td></tr>
    </tbody>
    <tfoot><tr><th scope="row">Total</th><td>¥376.00</td></tr></tfoot>
  </table>
  <form action="/checkout" method="post" data-guarded="checkout">
    <fieldset class="choices">
      <legend>Pay with</legend>
      <label><input type="radio" name="method" value="alipay" checked> Alipay</label>
      <label><input type="radio" name="method" value="wechat"> WeChat Pay</label>
    </fieldset>
    <button type="submit">Pay ¥376.00</button>
    <div class="notes">
      <p class="note" data-captcha-status></p>
      <p class="note" data-status role="status"></p>
    </div>
  </form>
  <div class="done" data-done hidden tabindex="-1"></div>
</section>
${decisionPanel({
  policy: 'Money moves only on Tencent’s word. In an outage this route says “not now” and charges nothing.',
  code,
})}
</div>`
  return layout(res, { path: '/checkout', title: 'Checkout', content, script: 'forms.js', hasCaptcha: true })
}
