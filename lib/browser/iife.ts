import { CaptchaCancelledError } from './captcha-cancelled-error.js'
import { guardForm } from './guard-form.js'
import { guardMarkedForms } from './guard-marked-forms.js'
import { guardedFetch } from './guarded-fetch.js'
import { requestTicket } from './request-ticket.js'

Object.assign(window, { CaptchaGuard: { requestTicket, guardForm, guardedFetch, CaptchaCancelledError } })

const nonce = document.currentScript?.nonce
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => guardMarkedForms(nonce))
else guardMarkedForms(nonce)
