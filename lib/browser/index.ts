export type { CaptchaOptions } from './captcha-options.js'
export {
  CaptchaCancelledError,
  type CaptchaTicket,
  type FallbackTicket,
  type OrdinaryTicket,
} from './captcha-ticket.js'
export type { FormMessages } from './form-messages.js'
export { type GuardFormOptions, guardForm } from './guard-form.js'
export { type GuardedFetchOptions, guardedFetch, type RoundTripOptions } from './guarded-fetch.js'
export { requestTicket } from './request-ticket.js'
export type { TicketOptions } from './ticket-options.js'
