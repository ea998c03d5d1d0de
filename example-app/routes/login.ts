import { Router } from 'express'
import type { CaptchaGuard } from 'tencent-captcha-guard'
import * as v from 'valibot'
import { explain, formPage } from '../views/form-page.js'
import { html } from '../views/html.js'
import type { LoginAnswer } from '../wire.js'

const text = v.pipe(v.string(), v.maxLength(100), v.trim(), v.nonEmpty())
const loginSchema = v.object({ name: text, password: text })

/** A guarded route in its plainest form: the guard refuses what does not pass, and the handler need not look at `req.captcha`. */
export function loginRoutes(guard: CaptchaGuard): Router {
  const router = Router()

  router.get('/login', (_req, res) => res.send(loginPage(res.locals)))

  router.post('/login', guard, (req, res) => {
    const login = v.safeParse(loginSchema, req.body)
    // Any name and password will do here. A real shop compares a password hash.
    if (!login.success) {
      const title = res.locals.say('Name and password do not match', '用户名与密码不匹配')
      res.status(401).json({ title })
      return
    }
    const answer: LoginAnswer = { name: login.output.name }
    res.json({ ...answer, explanation: explain(req, res) })
  })

  return router
}

function loginPage(locals: Express.Locals): string {
  const { say } = locals
  return formPage(locals, {
    path: '/login',
    title: say('Sign in', '登录'),
    intro: html`<h1>${say('Welcome back', '欢迎回来')}</h1>
  <p class="lead">${say('Sign in to see your orders. Any name and password will do.', '登录后查看订单。任意用户名和密码均可。')}</p>`,
    fields: html`<label>${say('Name', '用户名')} <input name="name" value="Lin" autocomplete="username" maxlength="100" required></label>
    <label>${say('Password', '密码')} <input name="password" type="password" value="longjing" autocomplete="current-password" maxlength="100" required></label>`,
    button: say('Sign in', '登录'),
    policy: say(
      'Sign-in must go on when Tencent is down. A degraded pass is welcome here, within the limits of a purse.',
      '腾讯云中断时也要能登录。此处在配额之内接受降级放行。',
    ),
    code: `app.post('/login', express.json(), guard,
  (req, res) => {
    // Here the guard has let the visitor in.
    signIn(req.body)
  })`,
  })
}
