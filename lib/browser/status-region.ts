/** The form's `[data-captcha-status]` element, added when it has none, as a polite live region. */
export function statusRegion(form: HTMLFormElement): HTMLElement {
  const existing = form.querySelector<HTMLElement>('[data-captcha-status]')
  const region = existing ?? form.appendChild(document.createElement('div'))
  region.setAttribute('data-captcha-status', '')
  region.setAttribute('aria-live', 'polite')
  return region
}
