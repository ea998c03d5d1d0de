import type { Reply } from '../tencent/classify-reply.js'
import type { AvailabilityCause } from '../types.js'

const lostAnswers: ReadonlySet<AvailabilityCause> = new Set(['timeout', 'unreachable', 'http_error', 'bad_response'])

/** Whether Tencent may have spent the ticket on a call of ours whose answer never reached us. */
export function wasLeftUnanswered(reply: Reply | undefined): boolean {
  return reply?.kind === 'aborted' || (reply?.kind === 'unavailable' && lostAnswers.has(reply.cause))
}
