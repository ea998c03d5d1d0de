import { type ChallengeOutcome, type VendorFailure, vendorFailure } from './challenge-outcome.js'
import { pageState } from './page-state.js'

/**
 * Popups come one after another: the vendor's script keeps page-wide state, and users cannot read two at once. Whoever waits
 * behind a popup that failed shares the failure, so that nobody waits for two timeouts.
 */
export function takeTurn(show: () => Promise<ChallengeOutcome>): Promise<ChallengeOutcome> {
  const state = pageState()
  const failureBefore = state.lastFailure
  const turn = state.lastTurn.then(async () => {
    if (state.lastFailure && state.lastFailure !== failureBefore) return state.lastFailure
    const outcome = await show()
    state.lastFailure = failureOf(outcome) ?? state.lastFailure
    return outcome
  })
  state.lastTurn = turn.catch(() => {})
  return turn
}

function failureOf(outcome: ChallengeOutcome): VendorFailure | undefined {
  switch (outcome.kind) {
    case 'failed':
      return outcome
    case 'ticket':
      return outcome.ticket.fallback ? vendorFailure(outcome.ticket.errorCode, outcome.ticket.errorMessage) : undefined
    case 'cancelled':
      return undefined
  }
}
