import { expect } from '@jest/globals'

/** A `Retry-After` of 20 to 40 whole seconds, or none. */
export function expectRetryAfter(value: unknown, isExpected = true): void {
  if (isExpected) expect(value).toMatch(/^(2\d|3\d|40)$/)
  else expect(value).toBeUndefined()
}
