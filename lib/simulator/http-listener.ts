import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

/** An HTTP server that can close its port and open the same port again. */
export interface HttpListener {
  readonly port: number
  /** Opens the port, unless it is open; connections are accepted one tick later. */
  open(): void
  /** Closes the port at once and destroys every connection. */
  shut(): void
  /** Resolves when the port is in the state of the last `open()` or `shut()`. */
  settled(): Promise<void>
}

/** Where to listen; port 0 is any free one. */
export interface HttpListenerOptions {
  readonly host: string
  readonly port: number
  readonly handle: RequestListener
}

const reopenRetryMs = 20

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function newServer(handle: RequestListener): Server {
  const server = createServer(handle)
  // Longer than clients keep idle connections, so that no call is sent on a connection that is being closed.
  server.keepAliveTimeout = 75_000
  return server
}

function destroy(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Opens the port. Rejects when the system refuses it, as with `EADDRINUSE`. */
export async function openHttpListener({ host, port, handle }: HttpListenerOptions): Promise<HttpListener> {
  const first = newServer(handle)
  await listen(first, host, port)
  const boundPort = (first.address() as AddressInfo).port
  let current: Server | null = first
  let settled = Promise.resolve()

  async function reopen(server: Server): Promise<void> {
    try {
      await listen(server, host, boundPort)
      if (current !== server) destroy(server)
    } catch {
      // The system may have given the port to an outgoing connection for a short time.
      if (current !== server) return
      await wait(reopenRetryMs, undefined, { ref: false })
      if (current === server) await reopen(server)
    }
  }

  return {
    port: boundPort,
    open() {
      if (current !== null) return
      current = newServer(handle)
      settled = reopen(current)
    },
    shut() {
      if (current === null) return
      const server = current
      current = null
      settled = Promise.resolve()
      destroy(server)
    },
    settled: () => settled,
  }
}
