/** What a site may do where Tencent's verdict is missing. */
export const strategies = [
  'captcha-guard',
  'pass-on-exception',
  'accept-fallback-tickets',
  'fail-closed',
  'accept-when-unable-20s',
] as const

export type Strategy = (typeof strategies)[number]
