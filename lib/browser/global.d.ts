/** Types of the global that the script for plain pages makes. */
declare global {
  const CaptchaGuard: Pick<
    typeof import('./index.js'),
    'requestTicket' | 'guardForm' | 'guardedFetch' | 'CaptchaCancelledError'
  >
}

export {}
