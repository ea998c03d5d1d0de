import type { Said } from '../say.js'
import { apiGroups, type SwitchGroup, scriptGroups } from '../switchboard/faults.js'
import type { FaultTarget } from '../wire.js'
import { attacksSection } from './attacks-section.js'
import { type Html, html } from './html.js'
import { layout } from './layout.js'

/** The switchboard: what can be broken, beside the guard's own status page. `page/switchboard.ts` fills the lists. */
export function switchboardPage(locals: Express.Locals): string {
  const { say, language, shop } = locals
  const isSimulated = shop.simulator !== undefined
  const title = say('Switchboard', '控制台')
  const content = html`<div class="board" data-board>
<header class="board-head">
  <div>
    <h1>${title}</h1>
    <p class="lead">${
      isSimulated
        ? say('Break Tencent, and watch what the guard makes of it.', '弄坏腾讯，看看守卫如何应对。')
        : say(
            'Tencent is real here, so nothing can be broken. Watch the guard at work.',
            '这里用的是真实的腾讯，什么都弄不坏。请看守卫如何工作。',
          )
    }</p>
  </div>
  <p class="live" data-live><span></span>${say('connecting', '正在连接')}</p>
</header>

<div class="columns">
<div class="controls">
  ${isSimulated && faultCard(locals, 'api', ['Tencent’s API', '腾讯的 API'], ['What your server meets when it asks for a verdict.', '你的服务器请求结论时会遇到什么。'], apiGroups)}
  ${isSimulated && faultCard(locals, 'script', ['Tencent’s script', '腾讯的脚本'], ['What visitors meet. It counts from the next page they open.', '访客会遇到什么。从他们打开的下一个页面起生效。'], scriptGroups)}
  ${isSimulated && html`<p class="hint">${say('Calls at Tencent', '腾讯收到的调用')}: <b data-calls>0</b></p>`}
</div>

<div class="view">
  <section class="card status-frame">
    <iframe src="/switchboard/status?lang=${language}" title="${say('Status of the guard', '守卫的状态')}"></iframe>
  </section>
  <section class="card">
    <h2>${say('Last verdicts', '最近的结论')}</h2>
    <div class="scroll" tabindex="0" role="region" aria-label="${say('Last verdicts', '最近的结论')}">
      <table class="verdicts">
        <thead><tr><th>${say('Time', '时间')}</th><th>${say('Route', '路由')}</th><th>${say('Verdict', '结论')}</th><th class="number">HTTP</th><th class="number took">${say('Took', '用时')}</th></tr></thead>
        <tbody data-verdicts><tr class="empty"><td colspan="5">${say('None yet.', '还没有。')} <a href="/login">${say('Sign in', '登录')}</a>${say(' to make one.', '即可产生一个。')}</td></tr></tbody>
      </table>
    </div>
  </section>
  <section class="card">
    <h2>${say('Log', '日志')}</h2>
    <div class="log" tabindex="0" role="region" aria-label="${say('Last log lines', '最近的日志行')}">
      <ol data-log><li class="empty">${say('Quiet so far.', '目前没有动静。')}</li></ol>
    </div>
  </section>
</div>
</div>
${attacksSection(language)}
</div>`
  return layout(locals, { path: '/switchboard', title, content, script: 'switchboard.js' })
}

function faultCard(
  { say }: Express.Locals,
  target: FaultTarget,
  title: Said,
  hint: Said,
  groups: readonly SwitchGroup[],
): Html {
  const [common, ...rest] = groups.map(
    ({ title, switches }, index) => html`<fieldset class="switches">
  <legend${index === 0 && html` class="visually-hidden"`}>${say(...title)}</legend>
  ${switches.map(
    ({ id, label }) =>
      html`<label${id === 'none' && html` class="healthy"`}><input type="radio" name="${target}" value="${id}"><span>${say(...label)}</span></label>`,
  )}
</fieldset>`,
  )
  return html`<section class="card">
  <h2>${say(...title)}</h2>
  <p class="hint">${say(...hint)}</p>
  <form data-faults="${target}">
    ${common}
    <details><summary>${say('More ways to break it', '更多弄坏它的办法')}</summary>${rest}</details>
  </form>
</section>`
}
