import type { CaptchaGuard } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import { brokenParts } from '../switchboard/faults.js'
import { type Html, html, json } from './html.js'

declare global {
  namespace Express {
    /** What every view may use: `res.locals`. */
    interface Locals {
      /** Of this response's Content-Security-Policy. */
      nonce: string
      shop: {
        /** What a page needs to ask for tickets. Nothing of it is secret. */
        captcha: CaptchaGuard['page']
        /** Absent when Tencent is real. */
        simulator: Simulator | undefined
        hasSwitchboard: boolean
      }
    }
  }
}

export interface Page {
  path: string
  title: string
  content: Html
  /** A file of the build's `public/`. */
  script?: string
  /** Whether the page's forms need tickets. */
  hasCaptcha?: boolean
}

const links = [
  ['/', 'Shop'],
  ['/reviews', 'Reviews'],
  ['/checkout', 'Checkout'],
  ['/login', 'Sign in'],
] as const

/** Returns a whole page. */
export function layout(locals: Express.Locals, { path, title, content, script, hasCaptcha }: Page): string {
  const { nonce, shop } = locals
  const link = (href: string, label: string, className?: string) =>
    html`<a${className && html` class="${className}"`} href="${href}"${href === path && html` aria-current="page"`}>${label}</a>`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Yunwu Tea</title>
<link rel="icon" href="/public/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/public/style.css">
${hasCaptcha && html`<script type="application/json" id="captcha-config">${json({ ...shop.captcha, nonce })}</script>`}
${script && html`<script type="module" nonce="${nonce}" src="/public/${script}"></script>`}
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
${shop.hasSwitchboard && demoBar(shop.simulator)}
<header class="site">
  <a class="brand" href="/"><img src="/public/mark.svg" width="34" height="34" alt=""><span>Yunwu Tea</span></a>
  <nav aria-label="Main">
    ${links.map(([href, label]) => link(href, label))}
  </nav>
  ${shop.hasSwitchboard && link('/switchboard', 'Switchboard', 'pill')}
</header>
<main id="content">${content}</main>
<footer class="site">
  <p>Yunwu Tea is not a real shop. It shows <code>tencent-captcha-guard</code> at work.</p>
</footer>
</body>
</html>`.text
}

function demoBar(simulator: Simulator | undefined): Html {
  if (!simulator) return html`<aside class="demo-bar">Demo · tickets are verified by Tencent CAPTCHA</aside>`
  const broken = brokenParts(simulator.faults)
  return html`<aside class="demo-bar">Demo · Tencent CAPTCHA is simulated on this machine${broken.map(
    (label) => html` <a class="tag" data-tone="bad" href="/switchboard">${label}</a>`,
  )}</aside>`
}
