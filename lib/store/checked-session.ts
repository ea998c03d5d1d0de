import { maxOverrideMs } from '../admission/question.js'
import type { StoreClaimResult, StoreHistory, StoreOverride, StoreSession, StoreState } from './captcha-store.js'

/**
 * Checks each answer of a store before anything follows from it. A store of the application's own may answer anything; an answer
 * that is none makes the operation reject, which marks the store as down. `null` is read as absent.
 */
export function checkedSession(session: StoreSession): StoreSession {
  const { publishStatus, readStatuses } = session
  return {
    claim: async (claim) => readClaimResult(await session.claim(claim)),
    release: (claim) => session.release(claim),
    recordVerified: async (verified) => ({ isFirst: flag(await session.recordVerified(verified), 'isFirst') }),
    recordHistory: (clientKey) => session.recordHistory(clientKey),
    readHistory: async (clientKey) => readHistory(await session.readHistory(clientKey)),
    heartbeat: async (own) => readState(await session.heartbeat(own)),
    setOverride: async (override) => readOverride(await session.setOverride(override)),
    publishStatus: publishStatus && ((status) => publishStatus.call(session, status)),
    readStatuses: readStatuses && (async () => list(await readStatuses.call(session))),
  }
}

function readClaimResult(result: StoreClaimResult): StoreClaimResult {
  const kind = member(result, 'kind')
  switch (kind) {
    case 'replayed':
    case 'unknown_client':
      return { kind }
    case 'granted':
      return { kind, history: readHistory(member(result, 'history')) }
    case 'over_limit':
      return { kind, history: readHistory(member(result, 'history')), retryAfterMs: amount(result, 'retryAfterMs') }
    default:
      throw unreadable('kind')
  }
}

function readHistory(history: unknown): StoreHistory | undefined {
  return isAbsent(history) ? undefined : { verifiedPerMinute: amount(history, 'verifiedPerMinute') }
}

function readState(state: StoreState): StoreState {
  const processes = amount(state, 'processes')
  if (processes < 1) throw unreadable('processes')
  const override = member(state, 'override')
  return {
    nowMs: amount(state, 'nowMs'),
    processes,
    baselinePerMinute: optionalAmount(state, 'baselinePerMinute'),
    referencePerMinute: optionalAmount(state, 'referencePerMinute'),
    override: isAbsent(override) ? undefined : readOverride(override),
  }
}

function readOverride(override: unknown): StoreOverride {
  const mode = member(override, 'mode')
  if (mode !== 'pass' && mode !== 'verify_only' && mode !== 'none') throw unreadable('mode')
  const forMs = optionalAmount(override, 'forMs') ?? null
  // `override()` sets no pass without an end and none that is longer: such an override would not end without a second call.
  if (forMs === null ? mode === 'pass' : forMs > maxOverrideMs) throw unreadable('forMs')
  return { id: text(override, 'id'), mode, by: text(override, 'by'), forMs, setMs: amount(override, 'setMs') }
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) throw unreadable(name)
  return Reflect.get(value, name)
}

/** A finite number, 0 or more. */
function amount(value: unknown, name: string): number {
  const given = member(value, name)
  if (typeof given === 'number' && Number.isFinite(given) && given >= 0) return given
  throw unreadable(name)
}

function optionalAmount(value: unknown, name: string): number | undefined {
  return isAbsent(member(value, name)) ? undefined : amount(value, name)
}

function text(value: unknown, name: string): string {
  const given = member(value, name)
  if (typeof given === 'string') return given
  throw unreadable(name)
}

function flag(value: unknown, name: string): boolean {
  const given = member(value, name)
  if (typeof given === 'boolean') return given
  throw unreadable(name)
}

/** What each status holds is checked where it is shown. */
function list(value: readonly string[]): readonly string[] {
  if (Array.isArray(value)) return value
  throw unreadable('statuses')
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
}

function unreadable(name: string): TypeError {
  return new TypeError(`unreadable answer of the store: \`${name}\``)
}
