import { absoluteUrl } from './absolute-url.js'
import { bare } from './bare.js'
import { CaptchaCancelledError } from './captcha-ticket.js'
import { guardForm } from './guard-form.js'
import { guardedFetch } from './guarded-fetch.js'
import { pageState } from './page-state.js'
import { requestTicket } from './request-ticket.js'
import type { TicketOptions } from './ticket-options.js'

const kit = { requestTicket, guardForm, guardedFetch, CaptchaCancelledError }
;(window as { CaptchaGuard?: typeof kit }).CaptchaGuard = kit

/** The kit's own tag: with `config.json` beside it, it alone says which script of the vendor is loaded. Markup of forms does not. */
const script = bare(document).currentScript as HTMLScriptElement | null
const src = script?.getAttribute('src')
const own = script && {
  nonce: script.nonce,
  scriptUrl: script.dataset.captchaScriptUrl,
  // From the text of the author's tag: a `<base>` among markup of strangers moves the property `src` to another origin.
  configUrl: src ? absoluteUrl('config.json', absoluteUrl(src)) : undefined,
}

if (bare(document).readyState !== 'loading') guardMarkedForms()
// Also forms that come later; each before its first submission.
for (const type of ['DOMContentLoaded', 'focusin', 'submit']) addEventListener(type, guardMarkedForms, true)

/** Guards the forms with a `data-captcha` or `data-captcha-app-id` attribute, for pages without a script of their own. */
function guardMarkedForms(): void {
  const marked = 'form[data-captcha],form[data-captcha-app-id]'
  for (const form of bare(document).querySelectorAll<HTMLFormElement>(marked))
    if (!pageState().forms.has(form)) void guardMarkedForm(form)
}

/** Async, so that an error is reported to the page's author and the other forms are still guarded. */
async function guardMarkedForm(form: HTMLFormElement): Promise<void> {
  // A form with a wrong attribute is reported once.
  pageState().forms.set(form, () => {})
  const { captchaAppId, captchaSite, captchaTicketField, captchaRandstrField } = bare(form).dataset
  guardForm(form, {
    ...own,
    captchaAppId,
    site: captchaSite as TicketOptions['site'],
    ticketField: captchaTicketField,
    randstrField: captchaRandstrField,
  })
}
