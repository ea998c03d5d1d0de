/**
 * Calls a function of the options that returns its value directly. A promise is a `TypeError` that names the option; its
 * rejection is handled, so that it cannot end the process.
 */
export function callOption<Args extends unknown[], Result>(
  name: string,
  call: (...args: Args) => Result,
  ...args: Args
): Result {
  const result = call(...args)
  if (!isThenable(result)) return result
  result.then(undefined, () => {})
  throw new TypeError(
    `tencent-captcha-guard: option \`${name}\` returned a promise; it must return its value directly.`,
  )
}

/** Whether a value is a promise, of whichever library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'then') === 'function'
}
