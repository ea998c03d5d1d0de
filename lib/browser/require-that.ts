/** Throws the TypeError that tells a page's author what to change. */
export function requireThat(condition: unknown, requirement: string): asserts condition {
  if (!condition) throw new TypeError(`captcha-guard: ${requirement}`)
}
