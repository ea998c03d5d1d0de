/** A ticket for Tencent to verify: the user solved the challenge, or the vendor saw no need for one. */
export type OrdinaryTicket = {
  ticket: string
  randstr: string
  fallback: false
  errorCode?: undefined
  errorMessage?: undefined
}

/**
 * The vendor could not do its part. The ticket has the form `trerror_{errorCode}_{captchaAppId}_{unixSeconds}`. It proves
 * nothing: the server decides what it is worth.
 */
export type FallbackTicket = {
  ticket: string
  randstr: string
  fallback: true
  /** The vendor's code: 1001 script not loaded, 1002 not shown in time, 1005 script failed, others as the vendor sent them. */
  errorCode: number
  /** For logs, not for users. */
  errorMessage: string
}

/** What {@link requestTicket} gives: send `ticket` and `randstr` to the server, whatever `fallback` says. */
export type CaptchaTicket = OrdinaryTicket | FallbackTicket
