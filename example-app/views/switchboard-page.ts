import { apiGroups, type SwitchGroup, scriptGroups } from '../switchboard/faults.js'
import type { FaultTarget, PurseName } from '../wire.js'
import { attacksSection } from './attacks-section.js'
import { type Html, html } from './html.js'
import { layout } from './layout.js'

/** The switchboard, empty: `page/switchboard.ts` fills it. */
export function switchboardPage(locals: Express.Locals): string {
  const isSimulated = locals.shop.simulator !== undefined
  const content = html`<div class="board" lang="en" data-board>
<header class="board-head">
  <div>
    <h1>Switchboard</h1>
    <p class="lead">${
      isSimulated
        ? 'Break Tencent, and watch what the guard makes of it.'
        : 'Tencent is real here, so nothing can be broken. Watch the guard at work.'
    }</p>
  </div>
  <p class="live" data-live><span></span>connecting</p>
</header>

<section class="tiles" aria-label="State of the guard">
  ${tile('api', 'Verification API')}
  ${tile('clientPath', 'Script’s way to visitors')}
  ${tile('circuit', 'Circuit')}
  ${tile('override', 'Override')}
</section>

<div class="columns">
<div class="controls">
  ${isSimulated && faultCard('api', 'Tencent’s API', 'What your server meets when it asks for a verdict.', apiGroups)}
  ${isSimulated && faultCard('script', 'Tencent’s script', 'What visitors meet. It counts from the next page they open.', scriptGroups)}
  <section class="card">
    <h2>Override</h2>
    <p class="hint">The operator’s word, above every rule. It ends by itself.</p>
    <div class="buttons">
      <button type="button" data-override="pass">Pass for 60 s</button>
      <button type="button" data-override="verify_only">Verify only</button>
      <button type="button" data-override="none">None</button>
    </div>
  </section>
  <section class="card">
    <h2>How would an attacker fare?</h2>
    <p class="hint">Fires 200 forged fallback tickets from 200 addresses at the login. They look exactly like honest ones.</p>
    <button type="button" data-attack>Attack the login</button>
    <div class="outcome" role="status" data-outcome></div>
  </section>
</div>

<div class="view">
  <section class="card">
    <h2>Purses</h2>
    <p class="hint">Where degraded passes come from. Evidence chooses the purse, and a visitor cannot make evidence.</p>
    ${purse('outage', 'Outage', 'when this server itself has seen that Tencent is down')}
    ${purse('doubt', 'Doubt', 'for a lone failure, or a lone fallback ticket')}
  </section>
  <section class="card">
    <h2>Since the start</h2>
    <dl class="totals">
      <div data-tone="good"><dt>Verified</dt><dd data-total="verified">0</dd></div>
      <div data-tone="warn"><dt>Degraded passes</dt><dd data-total="degraded">0</dd></div>
      <div data-tone="bad"><dt>Refused</dt><dd data-total="refused">0</dd></div>
      ${isSimulated && html`<div><dt>Calls at Tencent</dt><dd data-total="calls">0</dd></div>`}
    </dl>
    <p class="reasons" data-reasons></p>
  </section>
  <section class="card">
    <h2>Last verdicts</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="Last verdicts">
      <table class="verdicts">
        <thead><tr><th>Time</th><th>Route</th><th>Verdict</th><th class="number">HTTP</th><th class="number took">Took</th></tr></thead>
        <tbody data-verdicts><tr class="empty"><td colspan="5">None yet. <a href="/login">Sign in</a> to make one.</td></tr></tbody>
      </table>
    </div>
  </section>
  <section class="card">
    <h2>Log</h2>
    <div class="log" tabindex="0" role="region" aria-label="Last log lines">
      <ol data-log><li class="empty">Quiet so far.</li></ol>
    </div>
  </section>
</div>
</div>
${attacksSection()}
</div>`
  return layout(locals, { path: '/switchboard', title: 'Switchboard', content, script: 'switchboard.js' })
}

function tile(name: string, title: string): Html {
  return html`<div class="tile-card" data-tile="${name}"><h2>${title}</h2><p class="state">–</p><p class="why">&nbsp;</p></div>`
}

function purse(name: PurseName, title: string, hint: string): Html {
  return html`<div class="purse" data-purse="${name}">
  <p><b>${title}</b> <span>${hint}</span></p>
  <div class="bar" role="meter" aria-label="${title} purse" aria-valuemin="0" aria-valuemax="100" aria-valuenow="100"><div></div></div>
  <p class="figures">–</p>
</div>`
}

function faultCard(target: FaultTarget, title: string, hint: string, groups: readonly SwitchGroup[]): Html {
  const [common, ...rest] = groups.map(
    ({ title, switches }, index) => html`<fieldset class="switches">
  <legend${index === 0 && html` class="visually-hidden"`}>${title}</legend>
  ${switches.map(
    ({ id, label }) =>
      html`<label${id === 'none' && html` class="healthy"`}><input type="radio" name="${target}" value="${id}"><span>${label}</span></label>`,
  )}
</fieldset>`,
  )
  return html`<section class="card">
  <h2>${title}</h2>
  <p class="hint">${hint}</p>
  <form data-faults="${target}">
    ${common}
    <details><summary>More ways to break it</summary>${rest}</details>
  </form>
</section>`
}
