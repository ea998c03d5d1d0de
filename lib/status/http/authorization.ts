import type { CaptchaRequest } from '../../types.js'

/** What `authorize` returns: whether the request may go on, and who it is of. `false`, `''`, `null` and `undefined` refuse. */
export type Authorization = boolean | string | { readonly name: string } | null | undefined

/** Who may go on; `undefined` for who may not. */
export interface Authorized {
  readonly name: string | undefined
}

/** Asks the application. Anything but `true`, a name or `{ name }` is a no; rejects with what `authorize` throws. */
export async function askAuthorization(
  authorize: (req: CaptchaRequest) => Authorization | Promise<Authorization>,
  req: CaptchaRequest,
): Promise<Authorized | undefined> {
  const said: unknown = await authorize(req)
  if (said === true) return { name: undefined }
  const name = typeof said === 'object' && said !== null ? (said as { name?: unknown }).name : said
  return typeof name === 'string' && name !== '' ? { name } : undefined
}
