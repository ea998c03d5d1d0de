import type { VendorResult } from './vendor-result.js'

/** What may exist only once on a page, however many copies of the kit are on it. */
export type PageState = {
  /** The load under way, if any. */
  scriptLoad?: Promise<VendorResult | undefined> | undefined
  /** Ends when the last popup that was asked for is gone. Never rejects. */
  lastTurn: Promise<unknown>
  /** The latest failure of a popup; compared by identity. */
  lastFailure: VendorResult
  /** How to release each guarded form. */
  guardedForms: WeakMap<HTMLFormElement, () => void>
}

const stateKey = Symbol.for('tencent-captcha-guard/page@1')

export function pageState(): PageState {
  const page = window as { [stateKey]?: PageState }
  page[stateKey] ??= {
    lastTurn: Promise.resolve(),
    lastFailure: {},
    guardedForms: new WeakMap(),
  }
  return page[stateKey]
}
