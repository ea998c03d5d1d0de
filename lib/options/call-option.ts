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
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') return result
  Promise.resolve(result).catch(() => {})
  throw new TypeError(
    `tencent-captcha-guard: option \`${name}\` returned a promise; it must return its value directly.`,
  )
}
