import { createHash } from 'node:crypto'

const pageCss = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'PingFang SC', 'Noto Sans SC', sans-serif; }
body { max-width: 42rem; margin: 12vh auto 0; padding: 0 1.25rem; }
h1 { font-size: 1.75rem; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 .5rem; }
p { margin: 0 0 1.5rem; opacity: .8; }
button { font: inherit; font-weight: 600; padding: .65rem 1.25rem; border: 0; border-radius: .6rem; background: #0f62fe; color: #fff; cursor: pointer; }
button:focus-visible { outline: 3px solid #0f62fe66; outline-offset: 2px; }
pre { margin: 1.5rem 0 0; padding: 1rem; border-radius: .6rem; background: #8881; overflow: auto; white-space: pre-wrap; word-break: break-all; font-size: .85rem; min-height: 8rem; }
`

const pageScript = `
const result = document.getElementById('result')
const button = document.getElementById('verify')
button.addEventListener('click', () => {
  try {
    new TencentCaptcha(button.dataset.appId, (answer) => { result.textContent = JSON.stringify(answer, null, 2) }, {}).show()
  } catch (error) {
    result.textContent = String(error)
  }
})
`

function cspHash(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}

/** The page and the header that goes with it. */
export interface DemoPage {
  readonly html: string
  readonly contentSecurityPolicy: string
}

/** Returns a page to try the challenge on, with a policy without `unsafe-inline` and `unsafe-eval`. */
export function demoPage(captchaAppId: number, scriptPath: string): DemoPage {
  return {
    html: `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>CAPTCHA simulator</title>
<style>${pageCss}</style>
<h1>CAPTCHA simulator</h1>
<p>A stand-in for Tencent CAPTCHA on this machine. Solve the challenge to see what a page gets from it.</p>
<button id="verify" type="button" data-app-id="${captchaAppId}">Verify me</button>
<pre id="result" aria-live="polite"></pre>
<script src="${scriptPath}"></script>
<script>${pageScript}</script>
`,
    contentSecurityPolicy: `default-src 'none'; script-src 'self' ${cspHash(pageScript)}; style-src ${cspHash(pageCss)}; connect-src 'self'; base-uri 'none'`,
  }
}
