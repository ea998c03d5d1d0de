import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SharedListeners } from '../structures/shared-listeners.js'

/** Absent where a framework makes requests of its own. */
type Connection = (EventEmitter & { readonly destroyed: boolean }) | undefined

/**
 * Whether the client has gone already. A response of HTTP/2 has no `destroyed`, and says so on its stream. Of HTTP/1.1 the connection is
 * looked at as well: a response that waits behind the answers to requests before it (pipelining) is not told.
 */
export function hasGone(
  req: IncomingMessage,
  res: ServerResponse & { readonly stream?: { readonly destroyed: boolean } },
): boolean {
  const connection: Connection = req.socket
  return ((res.destroyed ?? res.stream?.destroyed) || connection?.destroyed || false) && !res.writableEnded
}

/** Watches the clients of one guard. */
export class ClientWatch {
  readonly #closings = new SharedListeners<EventEmitter>((connection, run) => {
    // One more for each guard that a kept connection comes to: Node warns of a leak from the eleventh on.
    connection.setMaxListeners(connection.getMaxListeners() + 1).once('close', run)
  })

  /**
   * Calls `run` when the client goes before the answer is written. Seen on the connection, not on the request or the response: the
   * request's `close` has already fired once a body parser has read it, and Node closes no response that waits behind another one.
   * Returns what takes it back.
   */
  add(req: IncomingMessage, res: ServerResponse, run: () => void): () => void {
    const connection: Connection = req.socket
    if (typeof connection?.once !== 'function') return () => {}
    return this.#closings.add(connection, () => {
      if (!res.writableEnded) run()
    })
  }
}
