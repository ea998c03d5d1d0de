import type { Reply } from '../tencent/classify-reply.js'
import type { DegradationCause, InputRefusal, TencentFacts } from '../types.js'

/** What came of a ticket, before anybody decides over a missing verdict. */
export type Outcome =
  | { readonly kind: 'verified'; readonly facts: TencentFacts }
  | { readonly kind: 'refused'; readonly reason: InputRefusal; readonly facts: TencentFacts }
  | {
      readonly kind: 'fallback_refused'
      readonly reason: 'fallback_stale' | 'fallback_replayed'
      readonly facts: TencentFacts
    }
  | { readonly kind: 'degraded'; readonly cause: DegradationCause; readonly facts: TencentFacts }
  /** The client went away. */
  | { readonly kind: 'gone' }

export const noFacts: TencentFacts = Object.freeze({})

/** What a reply means for the request that waited for it. A bug in the reply is thrown: it degrades nothing. */
export function outcomeOfReply(reply: Reply): Outcome {
  switch (reply.kind) {
    case 'verified':
      return { kind: 'verified', facts: reply.facts }
    case 'refused':
      return { kind: 'refused', reason: reply.reason, facts: reply.facts }
    case 'unavailable':
      return { kind: 'degraded', cause: reply.cause, facts: reply.facts }
    case 'throttled':
    case 'misconfigured':
      return { kind: 'degraded', cause: reply.kind, facts: reply.facts }
    case 'aborted':
      // Nobody but the circuit and a client that left aborts a call, and the latter is looked for first.
      return { kind: 'degraded', cause: 'circuit_open', facts: noFacts }
    case 'bug':
      throw reply.error
  }
}
