import { createHash } from 'node:crypto'

/** What a key is for. */
export type KeyKind = 'history' | 'passes' | 'ticket' | 'processes' | 'statuses' | 'baseline' | 'reference' | 'override'

/** The keys of one app id. The braces put them all into one slot of a cluster. */
export interface KeyNames {
  history(clientKey: string): string
  passes(purse: string, clientKey: string): string
  ticket(ticketKey: string): string
  readonly processes: string
  readonly statuses: string
  readonly baseline: string
  readonly reference: string
  readonly override: string
  /** All keys of a kind, as a pattern for people: `tcg:{190000001}:history:*`. */
  pattern(kind: KeyKind): string
}

const singleKinds: ReadonlySet<KeyKind> = new Set(['processes', 'statuses', 'baseline', 'reference', 'override'])

/** Makes the key names of one app id. */
export function keyNames(keyPrefix: string, captchaAppId: number): KeyNames {
  const site = `${keyPrefix}{${captchaAppId}}`
  return {
    history: (clientKey) => `${site}:history:${bounded(clientKey)}`,
    // The name of a purse has no slash, so that no two pairs have one key.
    passes: (purse, clientKey) => `${site}:passes:${purse}/${bounded(clientKey)}`,
    ticket: (ticketKey) => `${site}:ticket:${bounded(ticketKey)}`,
    processes: `${site}:processes`,
    statuses: `${site}:statuses`,
    baseline: `${site}:baseline`,
    reference: `${site}:reference`,
    override: `${site}:override`,
    pattern: (kind) => (singleKinds.has(kind) ? `${site}:${kind}` : `${site}:${kind}:*`),
  }
}

const shortAndPlain = /^[\w.:/-]{1,64}$/

/** A plain name has no `#`, so that none equals a digest. */
function bounded(name: string): string {
  return shortAndPlain.test(name) ? name : `#${createHash('sha256').update(name).digest('base64url').slice(0, 32)}`
}
