// @ts-check
import { apiGroups, scriptGroups } from '../switchboard/faults.mjs'
import { html } from './html.mjs'
import { layout } from './layout.mjs'

/**
 * @param {import('express').Response} res
 * @param {{ isSimulated: boolean }} options
 */
export function switchboardPage(res, { isSimulated }) {
  const content = html`<div class="board" data-board>
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
    <ol class="log" tabindex="0" role="region" aria-label="Last log lines" data-log><li class="empty">Quiet so far.</li></ol>
  </section>
</div>
</div>
</div>`
  return layout(res, { path: '/switchboard', title: 'Switchboard', content, script: 'switchboard.js' })
}

/**
 * @param {string} name
 * @param {string} title
 */
function tile(name, title) {
  return html`<div class="tile-card" data-tile="${name}"><h2>${title}</h2><p class="state">–</p><p class="why">&nbsp;</p></div>`
}

/**
 * @param {string} name
 * @param {string} title
 * @param {string} hint
 */
function purse(name, title, hint) {
  return html`<div class="purse" data-purse="${name}">
  <p><b>${title}</b> <span>${hint}</span></p>
  <div class="bar" role="meter" aria-label="${title} purse" aria-valuemin="0" aria-valuemax="100" aria-valuenow="100"><div></div></div>
  <p class="figures">–</p>
</div>`
}

/**
 * @param {'api' | 'script'} name
 * @param {string} title
 * @param {string} hint
 * @param {{ title: string, isFolded?: boolean, switches: { id: string, label: string }[] }[]} groups
 */
function faultCard(name, title, hint, groups) {
  const open = groups.filter(({ isFolded }) => !isFolded)
  const folded = groups.filter(({ isFolded }) => isFolded)
  return html`<section class="card">
  <h2>${title}</h2>
  <p class="hint">${hint}</p>
  <form data-faults="${name}">
    ${open.map((group) => faultGroup(name, group, true))}
    <details><summary>More ways to break it</summary>${folded.map((group) => faultGroup(name, group, false))}</details>
  </form>
</section>`
}

/**
 * @param {string} name
 * @param {{ title: string, switches: { id: string, label: string }[] }} group
 * @param {boolean} isTitleHidden
 */
function faultGroup(name, { title, switches }, isTitleHidden) {
  return html`<fieldset class="switches">
  <legend${isTitleHidden && html` class="visually-hidden"`}>${title}</legend>
  ${switches.map(
    ({ id, label }) =>
      html`<label${id === 'none' && html` class="healthy"`}><input type="radio" name="${name}" value="${id}"><span>${label}</span></label>`,
  )}
</fieldset>`
}
