// @ts-check
import { html } from './html.mjs'

/**
 * Beside each form: what happened between browser, guard and Tencent. The page's script fills it in.
 *
 * @param {object} panel
 * @param {string} panel.policy
 * @param {string} panel.code
 */
export function decisionPanel({ policy, code }) {
  return html`<aside class="behind" aria-labelledby="behind-title">
  <h2 id="behind-title">Behind the scenes</h2>
  <p class="policy">${policy}</p>
  <ol class="steps" data-steps aria-live="polite">
    <li data-step="ticket"><b>Ticket</b><span>Send the form to get one.</span></li>
    <li data-step="verdict"><b>Verdict</b><span>–</span></li>
    <li data-step="answer"><b>Answer</b><span>–</span></li>
  </ol>
  <details>
    <summary>The route’s code</summary>
    <pre tabindex="0"><code>${code}</code></pre>
  </details>
</aside>`
}
