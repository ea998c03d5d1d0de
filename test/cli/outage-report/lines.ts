import { type CaptchaLine, readCaptchaLine } from '../../../lib/cli/outage-report/captcha-line.js'

/** Noon, at the start of a minute. */
export const noonMs = Date.UTC(2026, 0, 31, 12)

/** A line as pino writes it. */
export function lineText(atMs: number, fields: object, process = { pid: 1, hostname: 'web-1' }): string {
  return JSON.stringify({ level: 40, time: atMs, ...process, captchaAppId: 190000001, ...fields })
}

/** A line as the tally takes it. */
export function line(atMs: number, fields: object, process?: { pid: number; hostname: string }): CaptchaLine {
  const read = readCaptchaLine(lineText(atMs, fields, process))
  if (typeof read === 'string') throw new Error(`no captcha line: ${read}`)
  return read
}

export function pass(atMs: number, fields: object = {}): CaptchaLine {
  const decision = { event: 'captcha_degraded', reason: 'circuit_open', cause: 'circuit_open', passed: true }
  const trace = {
    durationMs: 2,
    ticketHash: '0123456789ab',
    userIp: '203.0.113.0/24',
    evidence: 'outage',
    purse: 'outage',
  }
  return line(atMs, { ...decision, ...trace, ...fields })
}

export function refusal(atMs: number, fields: object = {}): CaptchaLine {
  return pass(atMs, { reason: 'budget_exhausted', passed: false, exhaustedBy: 'client', ...fields })
}

export function lateVerdict(atMs: number, outcome: string, fields: object = {}): CaptchaLine {
  return line(atMs, { event: 'captcha_late_verdict', cause: 'circuit_open', outcome, ...fields })
}

export function started(atMs: number, fields: object = {}, process?: { pid: number; hostname: string }): CaptchaLine {
  return line(atMs, { event: 'captcha_outage_started', path: 'api', why: 'canary failed', ...fields }, process)
}

export function ended(
  atMs: number,
  durationMs: number,
  fields: object = {},
  process?: { pid: number; hostname: string },
) {
  return line(
    atMs,
    { event: 'captcha_outage_ended', path: 'api', why: 'canary failed', durationMs, ...fields },
    process,
  )
}
