import { bare } from './bare.js'
import { CaptchaCancelledError } from './captcha-ticket.js'
import { guardForm } from './guard-form.js'
import { guardedFetch } from './guarded-fetch.js'
import { pageState } from './page-state.js'
import { requestTicket } from './request-ticket.js'
import type { TicketOptions } from './ticket-options.js'

Object.assign(window, { CaptchaGuard: { requestTicket, guardForm, guardedFetch, CaptchaCancelledError } })

/** The kit's own tag: with `config.json` beside it, it alone says which script of the vendor is loaded. Markup of forms does not. */
const script = bare(document).currentScript as HTMLScriptElement | null
const own = script && {
  nonce: script.nonce,
  scriptUrl: script.dataset.captchaScriptUrl,
  configUrl: configUrlBeside(script),
}

if (bare(document).readyState !== 'loading') guardMarkedForms()
// Also forms that come later; each before its first submission.
for (const type of ['DOMContentLoaded', 'focusin', 'submit']) addEventListener(type, guardMarkedForms, true)

/** Guards the forms with a `data-captcha` or `data-captcha-app-id` attribute, for pages without a script of their own. */
function guardMarkedForms(): void {
  const { forms } = pageState()
  const marked = 'form[data-captcha],form[data-captcha-app-id]'
  for (const form of bare(document).querySelectorAll<HTMLFormElement>(marked)) {
    if (forms.has(form)) continue
    // A form with a wrong attribute is reported once.
    forms.set(form, () => {})
    const { captchaAppId, captchaSite, captchaTicketField, captchaRandstrField } = bare(form).dataset
    try {
      guardForm(form, {
        ...own,
        captchaAppId,
        site: captchaSite as TicketOptions['site'],
        ticketField: captchaTicketField,
        randstrField: captchaRandstrField,
      })
    } catch (error) {
      // In a task of its own, so that the other forms are still guarded.
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/**
 * Returns the address of `config.json` beside the script. It follows from the text of the author's tag and the address of the page:
 * a `<base>` among markup of strangers moves `src` to another origin.
 */
function configUrlBeside(tag: HTMLScriptElement): string | undefined {
  const src = tag.getAttribute('src')
  return src ? new URL('config.json', new URL(src, document.location.href)).href : undefined
}
