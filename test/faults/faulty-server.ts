import net, { type AddressInfo, type Socket } from 'node:net'
import tls from 'node:tls'
import { firstRequest } from '../tencent/raw-server.js'
import { good } from './certificates.js'

/** One request as it came, and the means to answer it in any way. */
export interface Exchange {
  /** Head and body; of a request that is answered at its head, what came until then. */
  readonly request: string
  /** Counts the requests of the server, from 1. */
  readonly number: number
  /** Counts the requests of this connection, from 1. */
  readonly numberOnConnection: number
  /** Counts the connections of the server, from 1. */
  readonly connection: number
  readonly isCanary: boolean
  /** Resolves once the kernel has taken it, with false where the connection has ended. */
  write(bytes: string | Uint8Array): Promise<boolean>
  /** Ends the connection in order, after these bytes. */
  end(bytes?: string): void
  /** Resets the connection. */
  reset(): void
}

/** What a server does. All of it may be changed while it runs. */
export interface Behaviour {
  /** Certificate and versions; `false` for a server that does not speak TLS. @default a good certificate */
  readonly tls?: tls.SecureContextOptions | false
  /** Takes a connection before a byte was read. Returns true where it does not go on to TLS. */
  readonly accept?: (raw: Socket) => boolean
  /** Called once the head of a request is there, instead of {@link respond}. */
  readonly respondToHead?: (exchange: Exchange) => void
  /** Called with each whole request. */
  readonly respond?: (exchange: Exchange) => unknown
}

/** Where Tencent should be. */
export class FaultyServer {
  behaviour: Behaviour
  connections = 0
  /** Bytes that were written, before encryption. */
  bytesSent = 0
  /** Whole requests, head and body. */
  readonly requests: string[] = []
  readonly #server: net.Server
  readonly #sockets = new Set<Socket>()
  #notifyClosed = () => {}

  private constructor(behaviour: Behaviour) {
    this.behaviour = behaviour
    this.#server = net.createServer((raw) => this.#take(raw))
  }

  static async start(behaviour: Behaviour, host = '127.0.0.1', port = 0): Promise<FaultyServer> {
    const server = new FaultyServer(behaviour)
    await new Promise<void>((resolve) => server.#server.listen(port, host, resolve))
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** The address by which a certificate of {@link good} fits. */
  get url(): string {
    return `${this.behaviour.tls === false ? 'http' : 'https'}://localhost:${this.port}`
  }

  get openSockets(): number {
    return this.#sockets.size
  }

  /** Users' tickets that came, not canaries. */
  get ticketsSeen(): number {
    return this.requests.filter((request) => request.includes('"Ticket":"tr0')).length
  }

  /** Resolves once no client's connection is open any more. */
  allClosed(): Promise<void> {
    return new Promise((resolve) => {
      this.#notifyClosed = resolve
      if (this.#sockets.size === 0) resolve()
    })
  }

  /** Ends the connections that are open, as a load balancer does with idle ones. */
  endConnections(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.endConnections()
    this.#server.close()
  }

  #take(raw: Socket): void {
    this.connections++
    this.#sockets.add(raw)
    raw
      .on('error', () => {})
      .on('close', () => {
        this.#sockets.delete(raw)
        if (this.#sockets.size === 0) this.#notifyClosed()
      })
    if (this.behaviour.accept?.(raw)) return
    const { tls: secure = good } = this.behaviour
    const socket = secure === false ? raw : new tls.TLSSocket(raw, { isServer: true, secureContext: contextOf(secure) })
    if (socket !== raw) socket.on('error', () => raw.destroy()).on('close', () => raw.destroy())
    this.#read(raw, socket)
  }

  #read(raw: Socket, socket: Socket): void {
    let received = ''
    let numberOnConnection = 0
    const connection = this.connections
    const exchange = (request: string): Exchange => ({
      request,
      number: this.requests.length,
      numberOnConnection,
      connection,
      isCanary: isCanary(request),
      write: (bytes) =>
        new Promise((resolve) => {
          socket.write(bytes, (error) => {
            if (!error) this.bytesSent += bytes.length
            resolve(!error)
          })
        }),
      end: (bytes = '') => socket.end(bytes),
      reset: () => raw.resetAndDestroy(),
    })
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk
      if (this.behaviour.respondToHead && received.includes('\r\n\r\n')) {
        return this.behaviour.respondToHead(exchange(received))
      }
      const whole = firstRequest(received)
      if (whole === undefined) return
      received = received.slice(whole.length)
      numberOnConnection++
      this.requests.push(whole)
      this.behaviour.respond?.(exchange(whole))
    })
  }
}

const contexts = new WeakMap<tls.SecureContextOptions, tls.SecureContext>()

/** Made once for each certificate: it costs as much as a handshake. */
function contextOf(options: tls.SecureContextOptions): tls.SecureContext {
  const context = contexts.get(options) ?? tls.createSecureContext(options)
  contexts.set(options, context)
  return context
}

function isCanary(request: string): boolean {
  return request.includes('"trerror_')
}
