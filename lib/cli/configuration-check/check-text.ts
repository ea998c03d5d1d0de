import type { Finding } from './judge-endpoint.js'
import type { Phases } from './measured-upstream.js'
import type { CheckReport, EndpointReport } from './run-check.js'

const marks = { ok: 'ok', wrong: 'WRONG', unknown: '?', skipped: '-' } as const

/** The check on one screen. */
export function checkText(report: CheckReport): string {
  const { captchaAppId, site, channel, endpoints, script, isWell } = report
  const lines = [
    `CaptchaAppId ${captchaAppId}, site ${site}, channel ${channel}`,
    ...endpoints.flatMap(endpointLines),
    '',
    `Script ${script.url ?? ''}`.trim(),
    findingLine(script),
    '',
    'In the console, not visible from here',
    ...report.console.map((advice) => `  ${advice}`),
    '',
    ...(isWell ? ['All well.'] : ['To fix', ...fixes(report)]),
  ]
  return `${lines.join('\n')}\n`
}

function endpointLines({ url, findings, phases, address, answer }: EndpointReport): string[] {
  const said = [answer.captchaMsg, answer.requestId && `RequestId ${answer.requestId}`].filter(Boolean).join('; ')
  return [
    '',
    `Endpoint ${url}${address ? ` (${address})` : ''}`,
    ...findings.map(findingLine),
    row('', 'took', phaseText(phases)),
    ...(said === '' ? [] : [row('', 'answer', said)]),
  ]
}

function findingLine({ about, state, says }: Finding): string {
  return row(marks[state], about, says)
}

function row(mark: string, name: string, text: string): string {
  return `  ${mark.padEnd(5)}  ${name.padEnd(17)}  ${text}`
}

function phaseText({ dnsMs, connectMs, tlsMs, firstByteMs, totalMs }: Phases): string {
  const phases = { DNS: dnsMs, connect: connectMs, TLS: tlsMs, 'first byte': firstByteMs, 'all in all': totalMs }
  return Object.entries(phases)
    .flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${ms} ms`]))
    .join(', ')
}

function fixes({ endpoints, script }: CheckReport): string[] {
  const all = [
    ...endpoints.flatMap(({ url, findings }) => findings.map((finding) => ({ finding, where: url }))),
    { finding: script, where: '' },
  ]
  const found = all.flatMap(({ finding, where }) => (finding.fix === undefined ? [] : [{ fix: finding.fix, where }]))
  return [...grouped(found)].map(
    ([fix, where], index) =>
      `  ${index + 1}. ${fix}${where.length > 0 && endpoints.length > 1 ? ` (${where.join(', ')})` : ''}`,
  )
}

/** The same fix at several endpoints is one. */
function grouped(found: readonly { readonly fix: string; readonly where: string }[]): Map<string, string[]> {
  const byFix = new Map<string, string[]>()
  for (const { fix, where } of found) byFix.set(fix, [...(byFix.get(fix) ?? []), ...(where === '' ? [] : [where])])
  return byFix
}
