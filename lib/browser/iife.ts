import { CaptchaCancelledError } from './captcha-ticket.js'
import { guardForm } from './guard-form.js'
import { guardedFetch } from './guarded-fetch.js'
import { pageState } from './page-state.js'
import { requestTicket } from './request-ticket.js'
import type { TicketOptions } from './ticket-options.js'

Object.assign(window, { CaptchaGuard: { requestTicket, guardForm, guardedFetch, CaptchaCancelledError } })

const nonce = document.currentScript?.nonce
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', guardMarkedForms)
else guardMarkedForms()

/** Guards the forms with a `data-captcha-app-id` attribute, for pages without a script of their own. */
function guardMarkedForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-captcha-app-id]')) {
    if (pageState().forms.has(form)) continue
    const { captchaAppId = '', captchaSite, captchaScriptUrl, captchaTicketField, captchaRandstrField } = form.dataset
    // A wrong attribute of one form throws in its own microtask: it is reported, and the other forms are still guarded.
    queueMicrotask(() =>
      guardForm(form, {
        captchaAppId,
        site: captchaSite as TicketOptions['site'],
        scriptUrl: captchaScriptUrl,
        ticketField: captchaTicketField,
        randstrField: captchaRandstrField,
        nonce,
      }),
    )
  }
}
