import { callReport } from '../admission/call-report.js'
import { noFacts, type Outcome, outcomeOfReply } from '../admission/outcome.js'
import type { GuardParts } from '../guard-parts.js'
import { classifyReply, type Reply } from '../tencent/classify-reply.js'
import type { UpstreamResult } from '../tencent/upstream-result.js'
import type { VerifyCall } from '../tencent/verify-call.js'
import type { Visit } from './visit.js'

/** Asks Tencent about an ordinary ticket, unless the circuit or our own cap says not to. The one await upstream. */
export async function askTencent(parts: GuardParts, visit: Visit): Promise<Outcome> {
  const { shared, clientKey } = visit
  // A second guard on this request: the ticket is spent, its reply is not.
  if (shared.reply !== undefined) return outcomeOfReply(shared.reply)
  const call = verifyCall(visit)
  if (call === undefined) throw new TypeError('only an ordinary ticket can be asked about')
  const leave = parts.inFlight.enter(clientKey)
  if (leave === undefined) return { kind: 'degraded', cause: 'overloaded', facts: noFacts }
  let giveUp = () => {}
  const permit = parts.degradation.circuit.admit(() => giveUp())
  if (permit === undefined) {
    leave()
    return { kind: 'degraded', cause: 'circuit_open', facts: noFacts }
  }
  visit.gone.addEventListener('abort', () => giveUp(), { once: true })
  let reply: Reply = { kind: 'aborted' }
  try {
    const result = await new Promise<UpstreamResult>((resolve) => {
      giveUp = parts.upstream.verify(call, parts.config.timeoutMs, resolve)
    })
    reply = classifyReply(result, visit.channel)
  } finally {
    // A lost permit would hold a probing circuit open for ever.
    leave()
    parts.degradation.circuit.settle(permit, callReport(reply))
  }
  if (visit.gone.aborted) return { kind: 'gone' }
  shared.reply = reply
  if (reply.kind === 'refused') parts.degradation.ledger.noteRefused(clientKey)
  return outcomeOfReply(reply)
}

/** The call that verifies this visit's ticket; `undefined` where only its form counts. */
export function verifyCall({ ticket, address, channel }: Visit): VerifyCall | undefined {
  if (ticket.kind !== 'ordinary' || address === undefined) return undefined
  return { channel, ticket: ticket.ticket, randstr: ticket.randstr, userIp: address.ip }
}
