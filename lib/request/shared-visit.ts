import type { IncomingMessage } from 'node:http'
import type { PassResult } from '../site/ledger.js'
import type { Reply } from '../tencent/classify-reply.js'

/** What guards on one request share about one ticket: a ticket works once, and one request draws one pass. */
export interface SharedVisit {
  /** Tencent's reply, where a guard got one. */
  reply?: Reply
  /** What became of the attempt to draw a degraded pass. */
  passResult?: PassResult['kind']
  /** A guard let this very request pass: its ticket is in the replay memory because of us. */
  hasPassed: boolean
  /** Undoes the draw, as long as nothing came of it. */
  giveBack?: () => void
  /** The ticket waits for its late verdict; calls that off. */
  dropLate?: () => void
}

/** `Symbol.for`, so that the ESM and the CommonJS build find each other's notes. */
const sharedKey = Symbol.for('tencent-captcha-guard.shared-visits')

export function sharedVisit(req: IncomingMessage, visitKey: string): SharedVisit {
  const carrier = req as { [sharedKey]?: Map<string, SharedVisit> }
  carrier[sharedKey] ??= new Map()
  const known = carrier[sharedKey].get(visitKey)
  if (known) return known
  const visit: SharedVisit = { hasPassed: false }
  carrier[sharedKey].set(visitKey, visit)
  return visit
}

/**
 * Gives back what guards drew for this request: a route that accepts no degraded pass must not be a way to empty the purse
 * of the routes that do.
 */
export function giveBackPasses(req: IncomingMessage): void {
  const { [sharedKey]: visits } = req as { [sharedKey]?: Map<string, SharedVisit> }
  for (const visit of visits?.values() ?? []) {
    visit.giveBack?.()
    visit.dropLate?.()
    delete visit.giveBack
    delete visit.dropLate
  }
}
