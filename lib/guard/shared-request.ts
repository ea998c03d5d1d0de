import type { IncomingMessage } from 'node:http'
import type { Outcome } from '../admission/outcome.js'
import type { PurseName } from '../admission/question.js'
import type { PassResult } from '../site/ledger.js'
import type { CaptchaChannel } from '../types.js'

/** What the guards of one site share about one ticket of one request: a ticket works once, and one request draws one pass. */
export class SharedRequest {
  /** Tencent's reply, where a guard has one. */
  reply: Outcome | undefined
  /** A guard let this very request pass: its ticket is in the replay memory because of that. */
  hasPassed = false
  /** Whether the client had history before this ticket was recorded as verified; absent where it was not. */
  wasKnown: boolean | undefined
  /** The ticket waits for its late verdict; calls that off. */
  dropLate: (() => void) | undefined
  /** What became of the claims, by purse and setting; made with the first one, which most requests never make. */
  claims: Map<string, PassResult> | undefined

  /** Notes what became of a claim. */
  note(drawKey: string, result: PassResult): void {
    this.claims ??= new Map()
    this.claims.set(drawKey, result)
  }

  /** Whether this request has drawn on a purse of this name, by whichever setting. */
  hasDrawn(purse: PurseName): boolean {
    for (const [key, { kind }] of this.claims ?? []) if (kind === 'granted' && key.startsWith(`${purse} `)) return true
    return false
  }

  /** Undoes what was drawn for this request. */
  giveBack(): void {
    for (const claim of this.claims?.values() ?? []) {
      if (claim.kind !== 'granted') continue
      claim.giveBack()
      this.hasPassed = false
    }
    this.claims = undefined
    this.dropLate?.()
    this.dropLate = undefined
  }
}

/** Whose note it is: guards of one site that read the same ticket and randstr of the same channel. */
export interface NoteOwner {
  readonly site: object
  readonly channel: CaptchaChannel
  readonly ticket: string
  readonly randstr: string
}

interface Note {
  readonly owner: NoteOwner
  readonly shared: SharedRequest
}

/** `Symbol.for`, so that the ESM and the CommonJS build find each other's notes. */
const notesKey = Symbol.for('tencent-captcha-guard/requests@2')
const global = globalThis as { [notesKey]?: WeakMap<IncomingMessage, readonly Note[]> }

/**
 * The notes of all requests. Beside the request, for a property on it is dear: Express gives every request another prototype,
 * after which V8 makes a hidden class of a kilobyte for each property that is added.
 */
function notes(): WeakMap<IncomingMessage, readonly Note[]> {
  global[notesKey] ??= new WeakMap()
  return global[notesKey]
}

/** The note of a request; made when it is not there yet. */
export function sharedRequest(req: IncomingMessage, owner: NoteOwner): SharedRequest {
  const others = notes().get(req)
  const known = others?.find((note) => isSame(owner, note.owner))
  if (known) return known.shared
  const note = { owner, shared: new SharedRequest() }
  notes().set(req, others ? [...others, note] : [note])
  return note.shared
}

/**
 * Gives back what guards drew for this request: a route that accepts no degraded pass must not be a way to empty the purse
 * of the routes that do.
 */
export function giveBackPasses(req: IncomingMessage): void {
  for (const { shared } of notes().get(req) ?? []) shared.giveBack()
}

function isSame(a: NoteOwner, b: NoteOwner): boolean {
  return a.site === b.site && a.channel === b.channel && a.ticket === b.ticket && a.randstr === b.randstr
}
