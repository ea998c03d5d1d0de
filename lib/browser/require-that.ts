/** Throws the TypeError that tells a page's author which option to change. Short, for every page downloads it. */
export function requireThat(condition: unknown, option: string, value: unknown): asserts condition {
  if (!condition) throw new TypeError(`captcha-guard: wrong ${option}: ${value}`)
}
