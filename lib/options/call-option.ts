/**
 * Calls a function of the options, which must return its value directly. Throws a `TypeError` that names the option when it
 * returns a promise, and handles the rejection of that promise: unhandled it would end the process.
 */
export function callOption<Parameters extends unknown[], Result>(
  name: string,
  fn: (...parameters: Parameters) => Result,
  ...parameters: Parameters
): Result {
  const result = fn(...parameters)
  if (!isThenable(result)) return result
  Promise.resolve(result).catch(() => {})
  throw new TypeError(
    `tencent-captcha-guard: option \`${name}\` returned a promise; it must return its value directly.`,
  )
}

/** Whether a value is a promise, of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
