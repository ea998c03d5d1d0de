import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TimerSet } from './timer-set.js'

/** An HTTP server that can close its port and open the same port again. */
export interface HttpListener {
  readonly port: number
  /** Opens the port, unless it is open; connections are accepted one tick later. */
  open(): void
  /** Closes the port at once and destroys every connection. */
  shut(): void
  /** Resolves when the port is as the last `open()` or `shut()` wants it. */
  settled(): Promise<void>
}

export interface HttpListenerOptions {
  readonly host: string
  readonly port: number
  readonly timers: TimerSet
  readonly handle: RequestListener
}

const REOPEN_RETRY_MS = 20

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
  // Above what clients keep idle connections for, so that no call meets a connection that is just being closed.
  server.keepAliveTimeout = 75_000
  return server
}

function destroy(server: Server): void {
  server.close()
  server.closeAllConnections()
}

/** Opens the port; the promise rejects when it cannot be had. */
export async function openHttpListener({ host, port, timers, handle }: HttpListenerOptions): Promise<HttpListener> {
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
      // An outgoing connection of this machine may have borrowed the port meanwhile: it is given back soon.
      if (current !== server) return
      await new Promise<void>((resolve) => timers.after(REOPEN_RETRY_MS, resolve))
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
