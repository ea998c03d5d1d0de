// @ts-check
import { Router } from 'express'
import { explain } from '../explain.mjs'
import { loginPage } from '../views/login.mjs'

/**
 * A guarded route in its plainest form: the guard refuses what does not pass, and the handler need not look at `req.captcha`.
 *
 * @param {import('tencent-captcha-guard').CaptchaGuard} guard
 */
export function loginRoutes(guard) {
  const router = Router()

  router.get('/login', (_req, res) => res.send(loginPage(res)))

  router.post('/login', guard, (req, res) => {
    const { name, password } = req.body ?? {}
    // Any name and password will do here. A real shop compares a password hash.
    if (!isText(name) || !isText(password)) {
      return res.status(401).json({ title: 'Name and password do not match' })
    }
    res.json({ name: name.trim(), explanation: explain(req, res) })
  })

  return router
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isText(value) {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 100
}
