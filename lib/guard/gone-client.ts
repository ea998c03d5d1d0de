import type { ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { SharedListeners } from '../structures/shared-listeners.js'

type Response = ServerResponse & { readonly stream?: { readonly destroyed: boolean } }

/** Whether the client has gone already. A response of HTTP/2 has no `destroyed`, and says so on its stream. */
export function hasGone(res: Response): boolean {
  const isDestroyed = res.destroyed ?? res.stream?.destroyed ?? false
  return (isDestroyed || (connectionAhead(res)?.destroyed ?? false)) && !res.writableEnded
}

/** Watches the clients of one guard. */
export class ClientWatch {
  readonly #closings = new SharedListeners<Socket>((connection, run) => connection.once('close', run))

  /**
   * Calls `run` when the client goes before the answer is written. Seen on the response: the request's own `close` has already fired
   * once a body parser has read it. That listener stays, for taking it off would turn the response's table of listeners into a slow one.
   * Returns what takes another one off, where there is one.
   */
  add(res: Response, run: () => void): (() => void) | undefined {
    res.on('close', () => {
      if (!res.writableEnded) run()
    })
    const connection = connectionAhead(res)
    return connection && this.#closings.add(connection, run)
  }
}

/** The connection that a response waits for, behind the answers to requests before it (pipelining): when it closes, Node closes no such response. */
function connectionAhead(res: Response): Socket | undefined {
  if (res.socket !== null) return undefined
  // A framework's own response may come without a request, or with a socket that is none.
  const connection: unknown = (res.req as { readonly socket?: unknown } | undefined)?.socket
  return connection instanceof Socket ? connection : undefined
}
