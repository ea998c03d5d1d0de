import { ADDRCONFIG, type LookupAddress, lookup } from 'node:dns'
import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { isLocalCode } from './local-failure.js'

/** What a lookup of a name found. */
export type Found =
  | { readonly kind: 'addresses'; readonly addresses: readonly LookupAddress[] }
  /** The resolver's own error code, for example `ENOTFOUND`. */
  | { readonly kind: 'failed'; readonly code: string }

/** Looks a name up once. Calls `done` once, never before it has returned, and not at all where the resolver hangs. */
export type LookUp = (host: string, done: (found: Found) => void) => void

/**
 * One lookup at a time, whatever the name. `getaddrinfo` cannot be called off, and libuv lends two threads to all lookups of a
 * process: a name that hangs here leaves the other thread to the application's own names.
 */
export class LookupQueue {
  readonly #lookUp: LookUp
  /** Who waits, by name; the first name is being looked up. */
  readonly #waiting = new Map<string, ((found: Found) => void)[]>()

  constructor(lookUp: LookUp = systemLookup) {
    this.#lookUp = lookUp
  }

  /** Looks a name up, after the ones that were asked for before; calls for one name share its lookup. */
  ask(host: string, done: (found: Found) => void): void {
    const waiting = this.#waiting.get(host)
    if (waiting !== undefined) {
      waiting.push(done)
      return
    }
    this.#waiting.set(host, [done])
    if (this.#waiting.size === 1) this.#start(host)
  }

  #start(host: string): void {
    this.#lookUp(host, (found) => {
      const waiting = this.#waiting.get(host) ?? []
      this.#waiting.delete(host)
      const [next] = this.#waiting.keys()
      if (next !== undefined) this.#start(next)
      for (const done of waiting) done(found)
    })
  }
}

/** The flags with which Node's own `net.connect` asks. */
const options = { all: true, ...(process.platform !== 'win32' && { hints: ADDRCONFIG }) } as const

const systemLookup: LookUp = (host, done) => {
  lookup(host, options, (error, addresses) => {
    done(
      error
        ? { kind: 'failed', code: descriptorError() ?? error.code ?? error.message }
        : { kind: 'addresses', addresses },
    )
  })
}

/** Callers that hold connections can leave the resolver without a descriptor; it then fails as if the name did not exist. */
function descriptorError(): string | undefined {
  try {
    closeSync(openSync(devNull, 'r'))
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return isLocalCode(code) ? code : undefined
  }
}
