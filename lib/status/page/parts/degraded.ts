import type { DegradedDecision } from '../../recording/degraded-decisions.js'
import { type Html, html } from '../html.js'
import { badge, type PartContext, table, whyText } from './part.js'

/** The last degraded decisions, each with what decided it. */
export function degraded(context: PartContext): Html {
  const { site, texts, formats, id } = context
  const says = texts.degraded
  const rows = site.fleet.degraded.map((decision) => [
    formats.seconds(decision.atMs),
    decision.passed
      ? badge('warn', says.passed)
      : html`${badge('bad', says.refused)}<br><code>${decision.reason}</code>`,
    causeCell(decision),
    decidedBy(decision, context),
    html`${decision.userIp && html`<code>${decision.userIp}</code>`}${
      decision.ticketHash && html`<small>${says.ticket(decision.ticketHash)}</small>`
    }`,
    decision.durationMs === undefined ? '' : formats.milliseconds(Math.round(decision.durationMs)),
  ])
  const columns = [
    { head: says.time },
    { head: says.decision },
    { head: says.cause },
    { head: says.decidedBy },
    { head: says.client },
    { head: says.took, isNumber: true },
  ]
  return html`<h3>${says.title}</h3><p class="soft">${says.intro}</p>${table(`${id}-degraded-scroll`, says.title, columns, rows, says.none)}`
}

function causeCell({ cause, errorCode, captchaCode, clientErrorCode, requestId }: DegradedDecision): Html {
  const codes = [errorCode, captchaCode, clientErrorCode, requestId].filter((code) => code !== undefined)
  return html`<code>${cause}</code>${codes.length > 0 && html`<small>${codes.join(' · ')}</small>`}`
}

function decidedBy(decision: DegradedDecision, { texts }: PartContext): Html {
  const says = texts.degraded
  const { ruleFrom, evidence, evidenceWhy, purse, purseUsed, purseLimit, exhaustedBy } = decision
  const rule = [
    ruleFrom && says.rules[ruleFrom],
    evidence && says.evidence[evidence] + (evidenceWhy ? `: ${whyText(texts, evidenceWhy)}` : ''),
  ].filter((each) => each !== undefined)
  const draw = purse && says.purse(texts.purses[purse], String(purseUsed ?? '–'), String(purseLimit ?? '–'))
  const limit = exhaustedBy && html`<b>${says.exhausted[exhaustedBy]}</b>`
  return html`${draw}${limit && html`, ${limit}`}<small>${rule.join(' · ')}</small>`
}
