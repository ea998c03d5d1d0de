import type { Simulator } from 'tencent-captcha-guard/simulator'
import { type CaptchaPage, choice } from '../choices.js'
import type { Language, Say } from '../say.js'
import { brokenParts } from '../switchboard/faults.js'
import { type Html, html, json } from './html.js'

declare global {
  namespace Express {
    /** What every view may use: `res.locals`. */
    interface Locals {
      /** Of this response's Content-Security-Policy. */
      nonce: string
      language: Language
      /** Chooses the text in the visitor's language. */
      say: Say
      captcha: CaptchaPage
      shop: {
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
  ['/', 'Shop', '首页'],
  ['/reviews', 'Reviews', '评价'],
  ['/checkout', 'Checkout', '结算'],
  ['/login', 'Sign in', '登录'],
] as const

/** Returns a whole page. */
export function layout(locals: Express.Locals, { path, title, content, script, hasCaptcha }: Page): string {
  const { nonce, shop, say, captcha } = locals
  const link = (href: string, label: string, className?: string) =>
    html`<a${className && html` class="${className}"`} href="${href}"${href === path && html` aria-current="page"`}>${label}</a>`
  return html`<!doctype html>
<html lang="${say('en', 'zh-CN')}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${say('Yunwu Tea', '云雾茶')}</title>
<link rel="icon" href="/public/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/public/style.css">
${hasCaptcha && html`<script type="application/json" id="captcha-config">${json({ ...captcha, nonce })}</script>`}
${script && html`<script type="module" nonce="${nonce}" src="/public/${script}"></script>`}
</head>
<body>
<a class="skip" href="#content">${say('Skip to content', '跳到正文')}</a>
${shop.hasSwitchboard && demoBar(locals, path)}
<header class="site">
  <a class="brand" href="/"><img src="/public/mark.svg" width="34" height="34" alt=""><span>${say('Yunwu Tea', '云雾茶')}</span></a>
  <nav aria-label="${say('Main', '主导航')}">
    ${links.map(([href, english, chinese]) => link(href, say(english, chinese)))}
  </nav>
  <a href="${choice('language', say('zh', 'en'), path)}" lang="${say('zh-CN', 'en')}">${say('中文', 'English')}</a>
  ${shop.hasSwitchboard && link('/switchboard', say('Switchboard', '控制台'), 'pill')}
</header>
<main id="content">${content}</main>
<footer class="site">
  <p>${say('Yunwu Tea is not a real shop. It shows', '云雾茶并非真实商店，只用来演示')} <code>tencent-captcha-guard</code>${say(' at work.', '。')}</p>
</footer>
</body>
</html>`.text
}

function demoBar({ shop: { simulator }, say, captcha }: Express.Locals, path: string): Html {
  const label = say('Demo', '演示')
  if (!simulator) {
    const text = say('Demo · tickets are verified by Tencent CAPTCHA', '演示 · 票据由腾讯云验证码核验')
    return html`<aside class="demo-bar" aria-label="${label}">${text}</aside>`
  }
  const broken = brokenParts(simulator.faults, say)
  const text = say('Demo · Tencent CAPTCHA is simulated on this machine', '演示 · 腾讯云验证码在本机模拟')
  const isInternational = captcha.site === 'international'
  const script = isInternational ? say('international script', '国际站脚本') : say('mainland script', '国内站脚本')
  const other = choice('script', isInternational ? 'mainland' : 'international', path)
  return html`<aside class="demo-bar" aria-label="${label}">${text} · ${script} (<a href="${other}">${say('change', '切换')}</a>)${broken.map(
    (label) => html` <a class="tag" data-tone="bad" href="/switchboard">${label}</a>`,
  )}</aside>`
}
