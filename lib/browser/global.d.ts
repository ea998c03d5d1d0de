declare global {
  /** The global of the script for plain pages. */
  const CaptchaGuard: Pick<
    typeof import('./index.js'),
    'requestTicket' | 'guardForm' | 'guardedFetch' | 'CaptchaCancelledError'
  >
}

export {}
