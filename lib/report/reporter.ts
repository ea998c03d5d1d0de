import type { IncomingMessage } from 'node:http'
import type { Outcome } from '../admission/outcome.js'
import type { CaptchaVerdict } from '../admission/verdict.js'
import type { Clock } from '../clock.js'
import type { GuardConfig } from '../options/config.js'
import type { LateVerdict } from '../site/late-verification.js'
import type { OverrideChange, OverrideState } from '../site/override-switch.js'
import { isKeyMismatch } from '../tencent/captcha-codes.js'
import type { CaptchaLogger } from '../types.js'
import { chooseLogger, type GuardedLogger, type LoggerChoice } from './choose-logger.js'
import { createCounters, type ReasonCounters } from './counters.js'
import { LineSampler, noneSuppressed } from './line-sampler.js'
import { decisionEvent, decisionFields, type LineTrace, lateEvent } from './log-fields.js'

const misconfiguredEveryMs = 60_000
const earlyTickets = 5

type ReporterConfig = Pick<GuardConfig, 'captchaAppId' | 'logger' | 'mode'>

/** Log lines and counters. */
export class Reporter {
  readonly counters: ReasonCounters = createCounters()
  readonly #config: ReporterConfig
  readonly #clock: Clock
  readonly #loggers: LoggerChoice
  readonly #sampler = new LineSampler()
  #misconfiguredMs = Number.NEGATIVE_INFINITY
  #early = { answered: 0, mismatched: 0 }

  constructor(config: ReporterConfig, clock: Clock) {
    this.#config = config
    this.#clock = clock
    this.#loggers = chooseLogger(config.logger)
  }

  verdict(req: IncomingMessage | undefined, verdict: CaptchaVerdict, trace: () => LineTrace): void {
    this.counters[verdict.reason]++
    this.#line(this.#loggers.of(req), this.#levelOf(verdict), verdict, trace)
    if (verdict.cause === 'misconfigured') this.#misconfigured(verdict)
    if (verdict.cause === 'credential_unavailable') this.credential('there are no valid keys')
    this.#watchEarlyTickets(verdict)
  }

  /** Logs a canary that failed before it was sent: that is no evidence about Tencent, and nothing else in the log would show it. */
  canary(reply: Outcome): void {
    if (reply.kind === 'degraded' && reply.cause === 'misconfigured') {
      this.#misconfigured({ ...reply.facts, ...(reply.problem && { hint: reply.problem }) })
    }
    if (reply.kind === 'bug') {
      const name = reply.error instanceof Error ? reply.error.name : typeof reply.error
      this.#misconfigured({ hint: `the canary failed with ${name}` })
    }
  }

  /** The provider of the credential failed: in time for the operator to mend it, while the last keys are still valid. */
  credential(problem: string): void {
    this.#misconfigured({ hint: `The provider of the credential fails: ${problem}.` })
  }

  /** What became of a ticket that had passed degraded. */
  late({ outcome }: LateVerdict, fields: object): void {
    this.#loggers.base[outcome === 'refused' ? 'warn' : 'info'](fields, lateEvent)
  }

  override(state: OverrideState, why: OverrideChange): void {
    const untilMs = this.#clock.epochMs() + state.leftMs
    const until = Number.isFinite(untilMs) ? { until: new Date(untilMs).toISOString() } : {}
    const fields = {
      event: 'captcha_override',
      captchaAppId: this.#config.captchaAppId,
      mode: state.mode,
      by: state.by,
      why,
      ...until,
    }
    this.#loggers.base.warn(fields, 'captcha_override')
  }

  /** A line that belongs to no request. */
  event(level: keyof CaptchaLogger, event: string, fields: object): void {
    this.#loggers.base[level]({ event, captchaAppId: this.#config.captchaAppId, ...fields }, event)
  }

  /** A line about the site's set-up, beside the request that showed it. */
  hint(req: IncomingMessage | undefined, event: string, fields: object): void {
    this.#loggers.of(req).warn({ event, ...fields }, event)
  }

  get isSilent(): boolean {
    return this.#config.logger === false
  }

  #levelOf({ degraded, passed, reason }: CaptchaVerdict): keyof CaptchaLogger {
    if (degraded) return 'warn'
    const isNoise = reason === 'ticket_missing' && this.#config.mode === 'observe'
    return passed || isNoise ? 'debug' : 'info'
  }

  #line(logger: GuardedLogger, level: keyof CaptchaLogger, verdict: CaptchaVerdict, trace: () => LineTrace): void {
    if (!logger.writes(level)) return
    const event = decisionEvent(verdict)
    // Degraded passes are never sampled: the purses bound them, and each leaves its line.
    const isSampled = !(verdict.degraded && verdict.passed)
    const suppressed = isSampled ? this.#sampler.admit(event, verdict.reason, this.#clock.nowMs()) : noneSuppressed
    if (suppressed === undefined) return
    const fields = decisionFields(event, this.#config.captchaAppId, verdict, trace())
    logger[level]({ ...fields, ...suppressed }, event)
  }

  #misconfigured(fields: Pick<CaptchaVerdict, 'captchaCode' | 'errorCode' | 'requestId'> & { hint?: string }): void {
    const nowMs = this.#clock.nowMs()
    if (nowMs - this.#misconfiguredMs < misconfiguredEveryMs) return
    this.#misconfiguredMs = nowMs
    const { captchaCode, errorCode, requestId, hint } = fields
    this.event('error', 'captcha_misconfigured', {
      ...(captchaCode !== undefined && { captchaCode }),
      ...(errorCode !== undefined && { errorCode }),
      ...(requestId !== undefined && { requestId }),
      hint: hint ?? 'Check the credential, its permissions, the package and the bill.',
    })
  }

  /** One bad ticket is a caller's; when all the first ones are bad, the app id or its key is. */
  #watchEarlyTickets(verdict: CaptchaVerdict): void {
    if (this.#early.answered >= earlyTickets || verdict.captchaCode === undefined) return
    this.#early.answered++
    if (isKeyMismatch(verdict.captchaCode)) this.#early.mismatched++
    if (this.#early.mismatched === earlyTickets) {
      this.#misconfigured({
        ...verdict,
        hint: 'No ticket has been accepted since the start. Do captchaAppId and appSecretKey belong together, and does the page use the same captchaAppId?',
      })
    }
  }
}
