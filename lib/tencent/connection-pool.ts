import type { LookupAddress } from 'node:dns'
import net, { type Socket } from 'node:net'
import tls from 'node:tls'
import type { Client as UndiciClient } from 'undici'
// Not the package's main file: that one replaces the dispatcher of the process's own `fetch` when it is imported.
import Client from 'undici/lib/dispatcher/client.js'
import type { AddressSource } from './address-source.js'
import { verifiedPeer } from './verified-peer.js'

/** Idle sockets are dropped before a load balancer drops them under us: a reset after bytes left cannot be retried. */
const idleSocketMs = 10_000

/** One socket at a time, for one call at a time. */
export interface Connection {
  readonly client: UndiciClient
  /** The newest socket, connected or not: undici hands out no means to stop it from connecting. */
  socket: Socket | undefined
  /** The address that the newest socket is connected to; empty before. */
  address: string
  family: number
  /** Whether the newest socket has brought a whole answer before: the other side may be closing it right now. */
  isReused: boolean
  /** Stops to wait for a lookup; `undefined` while there is none to wait for. */
  stopLookup: (() => void) | undefined
}

/** What a pool connects to, and how. */
export interface PoolOptions {
  readonly endpoint: URL
  readonly addresses: AddressSource
  /** Whether a connection serves more than one call. */
  readonly keepsAlive: boolean
  readonly maxBodyBytes: number
}

type OnConnected = (...result: [error: null, socket: Socket] | [error: Error, socket: null]) => void

/**
 * The connections to one endpoint. A new one is opened only while every other one is busy, so there are never more than there
 * were calls at once, and no call waits for one. No proxy, no HTTP/2, no timers but the idle one: a call has its own deadline.
 */
export class ConnectionPool {
  readonly #options: PoolOptions
  readonly #isTls: boolean
  /** The name that the certificate has to be for, or an IP address. */
  readonly #host: string
  readonly #open = new Set<Connection>()
  readonly #idle: Connection[] = []
  #isClosed = false
  #tlsSession: Buffer | undefined

  constructor(options: PoolOptions) {
    this.#options = options
    this.#isTls = options.endpoint.protocol === 'https:'
    this.#host = hostOf(options.endpoint)
  }

  /** The connection used last: what idles the longest is the likeliest to have been closed by the other side. */
  take(): Connection {
    return this.#idle.pop() ?? this.create()
  }

  /** A connection that has no socket yet. */
  create(): Connection {
    const { endpoint, maxBodyBytes } = this.#options
    const client = new Client(endpoint.origin, {
      connect: (_, onConnected) => this.#connect(connection, onConnected),
      maxResponseSize: maxBodyBytes,
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs,
    })
    const connection: Connection = {
      client,
      socket: undefined,
      address: '',
      family: 0,
      isReused: false,
      stopLookup: undefined,
    }
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

  /** Takes back a connection whose answer was read to its end. */
  giveBack(connection: Connection): void {
    if (this.#isClosed || !this.#options.keepsAlive) return this.drop(connection)
    connection.isReused = true
    this.#idle.push(connection)
  }

  /** Frees a connection in whatever state it is in. */
  drop(connection: Connection): void {
    this.#open.delete(connection)
    connection.stopLookup?.()
    void connection.client.destroy()
    connection.socket?.destroy()
  }

  close(): void {
    this.#isClosed = true
    // A call that comes after all gets a connection of its own: undici throws on one that was dropped.
    this.#idle.length = 0
    for (const connection of this.#open) this.drop(connection)
  }

  #connect(connection: Connection, onConnected: OnConnected): void {
    connection.isReused = false
    const { addresses } = this.#options
    const known = addresses.get()
    if (known !== undefined) return this.#openSocket(connection, known, onConnected)
    const stop = addresses.wait((found) => {
      connection.stopLookup = undefined
      if (found.kind === 'addresses') return this.#openSocket(connection, found.addresses, onConnected)
      onConnected(Object.assign(new Error('the name lookup failed'), { code: found.code }), null)
    })
    connection.stopLookup = stop
  }

  #openSocket(connection: Connection, addresses: readonly LookupAddress[], onConnected: OnConnected): void {
    const { port } = this.#options.endpoint
    const host = this.#host
    const target = { port: Number(port || (this.#isTls ? 443 : 80)), ...hostOfSocket(host, addresses) }
    const session = this.#tlsSession && { session: this.#tlsSession }
    const servername = net.isIP(host) === 0 && { servername: host }
    const socket = this.#isTls
      ? tls.connect({ ...target, ...session, ...servername, ...verifiedPeer, ALPNProtocols: ['http/1.1'] })
      : net.connect(target)
    connection.socket = socket
    const onError = (error: Error) => onConnected(error, null)
    // Emitted for a verified peer only: a resumed session skips the check of the name.
    if (this.#isTls) {
      socket.on('session', (fresh: Buffer) => {
        this.#tlsSession = fresh
      })
    }
    socket.setNoDelay(true).once('error', onError)
    socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
      socket.off('error', onError)
      connection.address = socket.remoteAddress ?? ''
      connection.family = net.isIP(connection.address)
      onConnected(null, discardContinue(socket))
    })
  }
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '')
}

/** Where a socket connects to. Node tries several addresses in turn, a quarter of a second each but the last. */
function hostOfSocket(host: string, addresses: readonly LookupAddress[]) {
  const [first] = addresses
  if (first !== undefined && addresses.length === 1) return { host: first.address, autoSelectFamily: false }
  type OnLookedUp = (error: null, addresses: LookupAddress[]) => void
  return {
    host,
    autoSelectFamily: true,
    lookup: (_: string, __: object, done: OnLookedUp) => done(null, [...addresses]),
  }
}

const interimHead = Buffer.from('HTTP/1.1 100 ')

/** Discards a `100 Continue` that was not asked for, as RFC 9110 allows; undici resets the connection instead. */
function discardContinue(socket: Socket): Socket {
  socket.read = readPastContinue
  return socket
}

/** One function for all sockets: thousands of them may be open. */
function readPastContinue(this: Socket, size?: number): Buffer | null {
  const chunk: Buffer | null = net.Socket.prototype.read.call(this, size)
  if (chunk?.[9] !== 0x31 || !chunk.subarray(0, interimHead.length).equals(interimHead)) return chunk
  const end = chunk.indexOf('\r\n\r\n')
  return end < 0 ? chunk : chunk.subarray(end + 4)
}
