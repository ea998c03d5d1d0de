/** What the status line of a guarded form says. */
export type FormMessages = {
  /** While the challenge is loaded and shown. */
  checking: string
  /** When the user closed it, when the guard refused, and when `onTicket` failed. */
  failed: string
  /** When the guard asked to wait; `{seconds}` is replaced. */
  waiting: string
}

/** Short, for every page downloads them. */
export const formMessages: FormMessages = {
  checking: 'Verifying…',
  failed: 'Not verified, please try again',
  waiting: 'Busy, next try in {seconds} s',
}
