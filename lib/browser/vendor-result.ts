/** What the vendor's script calls back with. The kit's own failures are written in the same words. */
export type VendorResult = {
  /** 0 when done, also with a fallback ticket; 2 when the user closed the challenge. */
  ret?: number
  ticket?: string | null
  randstr?: string
  errorCode?: number | undefined
  errorMessage?: string | undefined
}
