import type { VendorResult } from './captcha-ticket.js'

/** The state of a page, one for all copies of the kit on it. */
export type PageState = {
  /** The load under way, if any. */
  load?: Promise<VendorResult | undefined>
  /** Resolves when the last popup that was asked for is gone. Never rejects. */
  turn: Promise<unknown>
  /** The latest failure of a popup; compared by identity. */
  failure: VendorResult
  /** The function that releases each guarded form. */
  forms: WeakMap<HTMLFormElement, () => void>
}

const stateKey = Symbol.for('tencent-captcha-guard/page@1')

/** Returns the page's state; the first call makes it. */
export function pageState(): PageState {
  const page = window as { [stateKey]?: PageState }
  page[stateKey] ??= { turn: Promise.resolve(), failure: {}, forms: new WeakMap() }
  return page[stateKey]
}
