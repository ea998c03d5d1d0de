/**
 * What was thrown, for `next(error)`. Express takes `next(undefined)`, every other falsy value and `next('route')` for leave to go
 * on, and `throw undefined` or `Promise.reject()` would let the request pass: what is no object is wrapped in an error.
 */
export function errorForNext(thrown: unknown): object {
  if (typeof thrown === 'object' && thrown !== null) return thrown
  const what = thrown === undefined ? 'nothing' : `a ${typeof thrown}`
  return new Error(`tencent-captcha-guard: ${what} was thrown instead of an error.`, { cause: thrown })
}
