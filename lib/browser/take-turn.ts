import { pageState } from './page-state.js'
import type { VendorResult } from './vendor-result.js'

/**
 * Popups come one after another: the vendor's script keeps page-wide state, and users cannot read two at once. Whoever waits
 * behind a popup that failed shares the failure, so that nobody waits for two timeouts.
 */
export function takeTurn(show: () => Promise<VendorResult>): Promise<VendorResult> {
  const state = pageState()
  const failureBefore = state.failure
  const turn = state.turn.then(async () => {
    if (state.failure !== failureBefore) return state.failure
    const result = await show()
    const { errorCode, errorMessage } = result
    // The failure is shared, the vendor's ticket is not: it works once.
    if (errorCode) state.failure = { errorCode, errorMessage }
    return result
  })
  state.turn = turn
  return turn
}
