// @ts-check
import { apiGroups, findSwitch, scriptGroups, switchesOn } from '../switchboard/faults.mjs'
import { html, json } from './html.mjs'
import { mark } from './pictures.mjs'

const links = [
  ['/', 'Shop'],
  ['/reviews', 'Reviews'],
  ['/checkout', 'Checkout'],
  ['/login', 'Sign in'],
]

/**
 * The frame of every page.
 *
 * @param {import('express').Response} res
 * @param {object} page
 * @param {string} page.path
 * @param {string} page.title
 * @param {unknown} page.content
 * @param {string} [page.script] a file in public/
 * @param {boolean} [page.hasCaptcha] whether its forms need tickets
 */
export function layout(res, { path, title, content, script, hasCaptcha = false }) {
  const { nonce } = res.locals
  const { hasSwitchboard } = res.app.locals.page
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Yunwu Tea</title>
<link rel="icon" href="/public/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/public/style.css">
${hasCaptcha && captchaKit(res)}${
  script &&
  html`<script type="module" nonce="${nonce}" src="/public/${script}"></script>
`
}</head>
<body>
<a class="skip" href="#content">Skip to content</a>
${hasSwitchboard && demoBar(res)}
<header class="site">
  <a class="brand" href="/">${mark}<span>Yunwu Tea</span></a>
  <nav aria-label="Main">
    ${links.map(([href, label]) => link(href, label, path))}
  </nav>
  ${hasSwitchboard && html`<a class="pill" href="/switchboard"${current('/switchboard', path)}>Switchboard</a>`}
</header>
<main id="content">${content}</main>
<footer class="site">
  <p>Yunwu Tea is not a real shop. It shows <code>tencent-captcha-guard</code> at work.</p>
</footer>
</body>
</html>`.toString()
}

/**
 * The kit of tencent-captcha-guard, and what it needs to know. Nothing of it is secret.
 *
 * @param {import('express').Response} res
 */
function captchaKit(res) {
  const { captchaAppId, site, scriptUrl, assets } = res.app.locals.page
  const { nonce } = res.locals
  return html`<script nonce="${nonce}" src="/captcha/${assets.scriptName}" integrity="${assets.integrity}"></script>
<script type="application/json" id="captcha-config">${json({ captchaAppId, site, scriptUrl, nonce })}</script>
`
}

/** @param {import('express').Response} res */
function demoBar(res) {
  const { simulator } = res.app.locals.page
  if (!simulator) return html`<p class="demo-bar">Demo · tickets are verified by Tencent CAPTCHA</p>`
  const on = switchesOn(simulator.faults)
  const broken = [
    on.api !== 'none' && (findSwitch(apiGroups, on.api)?.label ?? 'API broken'),
    on.script !== 'none' && scriptLabel(on.script),
  ].filter(Boolean)
  return html`<p class="demo-bar">Demo · Tencent CAPTCHA is simulated on this machine${broken.map(
    (label) => html` <a class="tag bad" href="/switchboard">${label}</a>`,
  )}</p>`
}

/** @param {string | undefined} id */
function scriptLabel(id) {
  const label = findSwitch(scriptGroups, id)?.label ?? 'Script broken'
  return /^\d+$/.test(label) ? `Fallback ticket ${label}` : label
}

/**
 * @param {string} href
 * @param {string} label
 * @param {string} path
 */
function link(href, label, path) {
  return html`<a href="${href}"${current(href, path)}>${label}</a>`
}

/**
 * @param {string} href
 * @param {string} path
 */
function current(href, path) {
  return href === path && html` aria-current="page"`
}
