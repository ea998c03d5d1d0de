// Keeps the page up to date. Without it the page shows the state of when it was loaded.

interface TrustedHtmlPolicy {
  createHTML(text: string): string
}

/** The page's own policy; its content comes from its own server, escaped. Browsers without Trusted Types need none. */
const { trustedTypes } = globalThis as {
  trustedTypes?: { createPolicy(name: string, rules: TrustedHtmlPolicy): TrustedHtmlPolicy }
}
const rules: TrustedHtmlPolicy = { createHTML: (text) => text }
const policy = trustedTypes?.createPolicy('captcha-status', rules) ?? rules

const liveSign = document.getElementById('live')
const source = new EventSource(document.body.dataset.stream ?? '')

source.addEventListener('open', () => show('on'))
source.addEventListener('error', () => show('off'))
source.addEventListener('parts', ({ data }: MessageEvent<string>) => {
  for (const [id, html] of Object.entries(JSON.parse(data) as Record<string, string>)) put(id, html)
})

function show(state: 'on' | 'off'): void {
  if (liveSign === null) return
  liveSign.hidden = false
  liveSign.dataset.state = state
  const text = state === 'on' ? liveSign.dataset.on : liveSign.dataset.off
  if (liveSign.textContent !== text) liveSign.textContent = text ?? ''
}

/** Replaces a part, and leaves focus, scroll positions and opened details as they were. */
function put(id: string, html: string): void {
  const part = document.getElementById(id)
  if (part === null) return
  const focusedId = part.contains(document.activeElement) ? document.activeElement?.id : undefined
  const opened = [...part.querySelectorAll('details[open]')].map((details) => details.id)
  const scrolled = [...part.querySelectorAll('.scroll')].map((box) => [box.id, box.scrollLeft, box.scrollTop] as const)
  part.innerHTML = policy.createHTML(html)
  for (const each of opened) document.getElementById(each)?.setAttribute('open', '')
  for (const [boxId, left, top] of scrolled) document.getElementById(boxId)?.scrollTo(left, top)
  if (focusedId) focusIn(focusedId)
}

function focusIn(id: string): void {
  const element = document.getElementById(id)
  // The text of opened details can be focused, the element itself cannot.
  const target = element instanceof HTMLDetailsElement ? element.querySelector('summary') : element
  target?.focus({ preventScroll: true })
}
