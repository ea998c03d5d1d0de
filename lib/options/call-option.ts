/**
 * Calls a function of the options, which must return its value directly. Throws a `TypeError` that names the option when it
 * returns a promise or an object that holds one, and handles the rejection of each: unhandled it would end the process.
 */
export function callOption<Given, Result>(name: string, fn: (given: Given) => Result, given: Given): Result {
  const result = fn(given)
  const promises = promisesIn(result)
  if (promises.length === 0) return result
  for (const promise of promises) Promise.resolve(promise).catch(() => {})
  throw new TypeError(
    `tencent-captcha-guard: option \`${name}\` returned a promise; it must return its value directly.`,
  )
}

const none: readonly PromiseLike<unknown>[] = Object.freeze([])

/** The value itself, or its members: a token, say, whose ticket is read from a stream. */
function promisesIn(value: unknown): readonly PromiseLike<unknown>[] {
  if (isThenable(value)) return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).filter(isThenable) : none
}

/** Whether a value is a promise, of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  const mayHaveMembers = (typeof value === 'object' && value !== null) || typeof value === 'function'
  return mayHaveMembers && typeof (value as { then?: unknown }).then === 'function'
}
