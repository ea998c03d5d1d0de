import { guardForm } from './guard-form.js'
import { pageState } from './page-state.js'
import type { TicketOptions } from './ticket-options.js'

/** Guards the forms with a `data-captcha-app-id` attribute, for pages without a script of their own. */
export function guardMarkedForms(nonce: string | undefined): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('form[data-captcha-app-id]')) {
    if (pageState().forms.has(form)) continue
    const { captchaAppId = '', captchaSite, captchaScriptUrl, captchaTicketField, captchaRandstrField } = form.dataset
    // A wrong attribute of one form is reported without leaving the others unguarded.
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
