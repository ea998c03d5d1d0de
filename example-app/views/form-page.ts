import type { Request, Response } from 'express'
import type { Explanation } from '../wire.js'
import { type Html, html } from './html.js'
import { layout } from './layout.js'

export interface FormPage {
  /** Of the page, and of the route that its form is sent to. */
  path: string
  title: string
  /** What stands above the form, with the page's heading. */
  intro: Html
  fields: Html
  /** Label of the button. */
  button: string
  /** What the route does when Tencent is down, and why. */
  policy: string
  /** The gist of the route's code. */
  code: string
}

/** Returns a page with a guarded form, and beside it a panel that `page/forms.ts` fills with what happened to the ticket. */
export function formPage(locals: Express.Locals, page: FormPage): string {
  const { path, title, intro, fields, button, policy, code } = page
  const { say } = locals
  const content = html`<div class="split">
<section class="card">
  ${intro}
  <form action="${path}" method="post">
    ${fields}
    <button type="submit">${button}</button>
    <div class="notes">
      <p class="note" data-captcha-status></p>
      <p class="note" data-status role="status"></p>
    </div>
  </form>
  <div class="done" data-done hidden tabindex="-1"></div>
</section>
<aside class="behind" aria-labelledby="behind-title">
  <h2 id="behind-title">${say('Behind the scenes', '幕后')}</h2>
  <p class="policy">${policy}</p>
  <ol class="steps" aria-live="polite">
    <li data-step="ticket"><b>${say('Ticket', '票据')}</b><span>${say('Send the form to get one.', '提交表单后获得。')}</span></li>
    <li data-step="verdict"><b>${say('Verdict', '判定')}</b><span>–</span></li>
    <li data-step="answer"><b>${say('Answer', '应答')}</b><span>–</span></li>
  </ol>
  <details>
    <summary>${say('The route’s code', '此路由的代码')}</summary>
    <pre tabindex="0"><code>${code}</code></pre>
  </details>
</aside>
</div>`
  return layout(locals, { path, title, content, script: 'forms.js', hasCaptcha: true })
}

/**
 * Returns what the panel shows of the guard's decision, and in production nothing: an attacker who is told that a pass was degraded
 * knows that the door is open.
 */
export function explain(req: Request, res: Response): Explanation | undefined {
  if (!res.locals.shop.hasSwitchboard || !req.captcha) return undefined
  const { degraded, reason, durationMs } = req.captcha
  return { degraded, reason, durationMs }
}
