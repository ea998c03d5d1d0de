import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { Client as UndiciClient } from 'undici'
// Not the package's main file: that one replaces the dispatcher of the process's own `fetch` when it is imported.
import Client from 'undici/lib/dispatcher/client.js'

/** Idle sockets are dropped before a load balancer drops them under us: a reset after bytes left cannot be retried. */
const idleSocketMs = 10_000

/** One socket at a time, for one call at a time. */
export interface Connection {
  readonly client: UndiciClient
  /** The newest socket, connected or not: undici hands out no means to stop it from connecting. */
  socket: Socket | undefined
}

/**
 * The keep-alive connections to one endpoint. A new one is opened only while every other one is busy, so there are never
 * more than there were calls at once. No proxy, no HTTP/2, no timers but the idle one: a call has its own deadline.
 */
export class ConnectionPool {
  readonly #endpoint: URL
  readonly #maxBodyBytes: number
  readonly #open = new Set<Connection>()
  readonly #idle: Connection[] = []
  #isClosed = false
  #tlsSession: Buffer | undefined

  constructor(endpoint: URL, maxBodyBytes: number) {
    this.#endpoint = endpoint
    this.#maxBodyBytes = maxBodyBytes
  }

  /** The connection used last: what idles the longest is the likeliest to have been closed by the other side. */
  take(): Connection {
    return this.#idle.pop() ?? this.#create()
  }

  /** Takes back a connection whose answer was read to its end. */
  giveBack(connection: Connection): void {
    if (this.#isClosed) return this.drop(connection)
    this.#idle.push(connection)
  }

  /** Frees a connection in whatever state it is in. */
  drop(connection: Connection): void {
    this.#open.delete(connection)
    void connection.client.destroy()
    connection.socket?.destroy()
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) this.drop(connection)
  }

  #create(): Connection {
    const client = new Client(this.#endpoint.origin, {
      connect: (_, callback) => {
        connection.socket = this.#connect(callback)
      },
      maxResponseSize: this.#maxBodyBytes,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs,
    })
    const connection: Connection = { client, socket: undefined }
    // With a call waiting, undici found out in time that the other side had closed, and connects again by itself.
    client.on('disconnect', () => {
      const index = this.#idle.indexOf(connection)
      if (index < 0) return
      this.#idle.splice(index, 1)
      this.drop(connection)
    })
    this.#open.add(connection)
    return connection
  }

  #connect(callback: (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void): Socket {
    const { protocol, hostname, port } = this.#endpoint
    const isTls = protocol === 'https:'
    const host = hostname.replace(/^\[|\]$/g, '')
    const address = { host, port: Number(port || (isTls ? 443 : 80)) }
    const session = this.#tlsSession && { session: this.#tlsSession }
    const socket = isTls
      ? tls.connect({
          ...address,
          ...session,
          ...(net.isIP(host) === 0 && { servername: host }),
          ALPNProtocols: ['http/1.1'],
        })
      : net.connect(address)
    const onError = (error: Error) => callback(error, null)
    // Emitted for a verified peer only: a resumed session skips the check of the name.
    socket.on('session', (fresh: Buffer) => {
      this.#tlsSession = fresh
    })
    socket.setNoDelay(true).once('error', onError)
    socket.once(isTls ? 'secureConnect' : 'connect', () => {
      socket.off('error', onError)
      callback(null, discardContinue(socket))
    })
    return socket
  }
}

const interimHead = Buffer.from('HTTP/1.1 100 ')

/** Discards a `100 Continue` that was not asked for, as RFC 9110 allows; undici resets the connection instead. */
function discardContinue(socket: Socket): Socket {
  const read = socket.read.bind(socket)
  socket.read = (size) => {
    const chunk: Buffer | null = read(size)
    if (chunk?.[9] !== 0x31 || !chunk.subarray(0, interimHead.length).equals(interimHead)) return chunk
    const end = chunk.indexOf('\r\n\r\n')
    return end < 0 ? chunk : chunk.subarray(end + 4)
  }
  return socket
}
