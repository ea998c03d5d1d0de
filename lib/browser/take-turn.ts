import { pageState } from './page-state.js'
import type { VendorResult } from './vendor-result.js'

/**
 * Popups come one after another: the vendor's script keeps page-wide state, and users cannot read two at once. Whoever waits
 * behind a popup that failed shares the failure, so that nobody waits for two timeouts.
 */
export function takeTurn(show: () => Promise<VendorResult>): Promise<VendorResult> {
  const state = pageState()
  const failureBefore = state.lastFailure
  const turn = state.lastTurn.then(async () => {
    if (state.lastFailure !== failureBefore) return state.lastFailure
    const result = await show()
    const { errorCode, errorMessage } = result
    // The failure is shared, the vendor's ticket is not: it works once.
    if (errorCode) state.lastFailure = { errorCode, errorMessage }
    return result
  })
  state.lastTurn = turn
  return turn
}
