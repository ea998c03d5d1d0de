import type { CallReport } from '../site/circuit.js'
import type { Reply } from '../tencent/classify-reply.js'

/** What a reply teaches the circuit. What a caller can cause is neutral: it neither opens nor closes anything. */
export function callReport(reply: Reply): CallReport {
  switch (reply.kind) {
    case 'verified':
      return 'success'
    case 'refused':
      // Code 1 with EvilLevel 100 refuses the caller, but Tencent did its work.
      return reply.facts.captchaCode === 1 ? 'success' : 'neutral'
    case 'unavailable':
      if (!reply.isEvidence) return 'neutral'
      return reply.cause === 'timeout' ? 'unanswered' : 'failure'
    case 'throttled':
      return 'throttled'
    case 'misconfigured':
    case 'aborted':
    case 'bug':
      return 'neutral'
  }
}
