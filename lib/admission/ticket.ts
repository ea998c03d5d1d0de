/** A ticket that only Tencent can judge. */
export interface OrdinaryTicket {
  readonly kind: 'ordinary'
  readonly ticket: string
  readonly randstr: string
}

/** A fallback ticket (`terror_`/`trerror_`), made by the page when the vendor's script failed. Unsigned: any caller can type one. */
export interface FallbackTicket {
  readonly kind: 'fallback'
  readonly ticket: string
  readonly randstr: string
  readonly clientErrorCode: number
  /** Unix time in seconds by the page's clock. */
  readonly issuedAtSeconds: number
  readonly sid: string
}

/** What the caller sent, sorted by its form alone. */
export type ClassifiedTicket =
  | { readonly kind: 'missing' }
  | { readonly kind: 'malformed' }
  | OrdinaryTicket
  | FallbackTicket
