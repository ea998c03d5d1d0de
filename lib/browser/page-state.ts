import type { VendorResult } from './vendor-result.js'

/** What may exist only once on a page, however many copies of the kit are on it. */
export type PageState = {
  /** The load under way, if any. */
  load?: Promise<VendorResult | undefined> | undefined
  /** Ends when the last popup that was asked for is gone. Never rejects. */
  turn: Promise<unknown>
  /** The latest failure of a popup; compared by identity. */
  failure: VendorResult
  /** How to release each guarded form. */
  forms: WeakMap<HTMLFormElement, () => void>
}

const stateKey = Symbol.for('tencent-captcha-guard/page@1')

export function pageState(): PageState {
  const page = window as { [stateKey]?: PageState }
  page[stateKey] ??= {
    turn: Promise.resolve(),
    failure: {},
    forms: new WeakMap(),
  }
  return page[stateKey]
}
