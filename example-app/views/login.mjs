// @ts-check
import { decisionPanel } from './decision-panel.mjs'
import { html } from './html.mjs'
import { layout } from './layout.mjs'

const code = `app.post('/login', express.json(), guard,
  (req, res) => {
    // Here the guard has let the visitor in.
    signIn(req.body)
  })`

/** @param {import('express').Response} res */
export function loginPage(res) {
  const content = html`<div class="split">
<section class="card">
  <h1>Welcome back</h1>
  <p class="lead">Sign in to see your orders. Any name and password will do.</p>
  <form action="/login" method="post" data-guarded="login">
    <label>Name <input name="name" value="Lin" autocomplete="username" maxlength="100" required></label>
    <label>Password <input name="password" type="password" value="longjing" autocomplete="current-password" maxlength="100" required></label>
    <button type="submit">Sign in</button>
    <div class="notes">
      <p class="note" data-captcha-status></p>
      <p class="note" data-status role="status"></p>
    </div>
  </form>
  <div class="done" data-done hidden tabindex="-1"></div>
</section>
${decisionPanel({
  policy: 'Sign-in must go on when Tencent is down. A degraded pass is welcome here, within the limits of a purse.',
  code,
})}
</div>`
  return layout(res, { path: '/login', title: 'Sign in', content, script: 'forms.js', hasCaptcha: true })
}
