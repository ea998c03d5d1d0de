// @ts-check
import { Router } from 'express'
import { requireCaptcha } from 'tencent-captcha-guard'
import { explain } from '../explain.mjs'
import { checkoutPage } from '../views/checkout.mjs'

/**
 * A route where money moves: only a verified visitor may go on. The guard still runs first, and `requireCaptcha` refuses what
 * it let through without Tencent's word.
 *
 * @param {import('tencent-captcha-guard').CaptchaGuard} guard
 */
export function checkoutRoutes(guard) {
  const router = Router()

  router.get('/checkout', (_req, res) => res.send(checkoutPage(res)))

  router.post('/checkout', guard, requireCaptcha({ allowDegraded: false }), (req, res) => {
    const method = req.body?.method === 'wechat' ? 'WeChat Pay' : 'Alipay'
    res.json({ order: orderNumber(), method, explanation: explain(req, res) })
  })

  return router
}

function orderNumber() {
  return `YW-${Date.now().toString(36).slice(-6).toUpperCase()}`
}
