export type { CaptchaOptions } from './captcha-script.js'
export {
  CaptchaCancelledError,
  type CaptchaTicket,
  type FallbackTicket,
  type OrdinaryTicket,
} from './captcha-ticket.js'
export { type FormMessages, type GuardFormOptions, guardForm } from './guard-form.js'
export { type GuardedFetchOptions, guardedFetch, type RoundTripOptions } from './guarded-fetch.js'
export { requestTicket } from './request-ticket.js'
export type { TicketOptions } from './ticket-options.js'
