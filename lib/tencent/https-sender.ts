import type { Dispatcher } from 'undici'
import type { Clock, Timer } from '../clock.js'
import type { TencentCredential } from '../types.js'
import type { AddressSource } from './address-source.js'
import { asciiJson } from './ascii-json.js'
import { type Connection, ConnectionPool } from './connection-pool.js'
import { localCodeOf } from './local-failure.js'
import type { RequestSigner } from './signed-headers.js'
import { maxBodyBytes, type UpstreamResult } from './upstream-result.js'
import type { ApiRequest } from './verify-call.js'
import type { Done, RunningCall } from './with-deadline.js'

/** Sends signed requests to one endpoint. */
export interface HttpsSender {
  /** Calls `done` once, at any time, or not at all once the call was stopped. */
  send(request: ApiRequest, credential: TencentCredential, done: Done): RunningCall
  close(): void
}

interface HttpsSenderOptions {
  readonly endpoint: URL
  readonly sign: RequestSigner
  readonly addresses: AddressSource
  readonly keepsAlive: boolean
  readonly clock: Clock
}

/** Sends over connections of our own: no redirect is followed and no body is read without bound. */
export function httpsSender({ endpoint, sign, addresses, keepsAlive, clock }: HttpsSenderOptions): HttpsSender {
  const pool = new ConnectionPool({ endpoint, addresses, keepsAlive, maxBodyBytes })
  const path = `${endpoint.pathname}${endpoint.search}`
  return {
    send({ action, params }, credential, done) {
      const body = Buffer.from(asciiJson(params))
      const headers = sign(action, body, credential, clock.epochMs()) as string[]
      return new Delivery({ pool, addresses, clock, options: { method: 'POST', path, headers, body }, done })
    },
    close: () => pool.close(),
  }
}

/** Long enough for a listener that is being replaced, short enough to go unnoticed. */
const retryAfterMs = 50

/** Failures that prove that no byte of the request left. */
const codesBeforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

interface DeliveryParts {
  readonly pool: ConnectionPool
  readonly addresses: AddressSource
  readonly clock: Clock
  readonly options: Dispatcher.DispatchOptions
  readonly done: Done
}

/** One request, and one more try where the first one cannot have been answered. */
class Delivery implements RunningCall {
  readonly #parts: DeliveryParts
  #exchange: Exchange
  #retryTimer: Timer | undefined
  /** What the first try came to, while the second one is yet to begin. */
  #first: UpstreamResult | undefined
  #wasLost = false

  constructor(parts: DeliveryParts) {
    this.#parts = parts
    this.#exchange = new Exchange(parts, parts.pool.take(), (result) => this.#takeFirst(result))
  }

  stop(): void {
    this.#retryTimer?.cancel()
    this.#exchange.stop()
  }

  overdue(loopBlocked: boolean): UpstreamResult {
    return this.#first ?? this.#marked(this.#exchange.overdue(loopBlocked))
  }

  #takeFirst(result: UpstreamResult): void {
    const { clock, done } = this.#parts
    if (this.#exchange.wasLost) {
      this.#wasLost = true
      // Not on another kept connection: what ended this one may have ended them all.
      return this.#retry()
    }
    if (result.kind !== 'unreachable' || !codesBeforeSending.has(result.problem)) return done(result)
    this.#first = result
    this.#retryTimer = clock.after(retryAfterMs, () => this.#retry())
  }

  #retry(): void {
    const { pool, done } = this.#parts
    this.#first = undefined
    this.#exchange = new Exchange(this.#parts, pool.create(), (result) => done(this.#marked(result)))
  }

  #marked(result: UpstreamResult): UpstreamResult {
    return this.#wasLost ? { kind: 'retried', retry: result } : result
  }
}

/** One request on one connection, and what is read of its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #pool: ConnectionPool
  readonly #addresses: AddressSource
  readonly #connection: Connection
  readonly #done: Done
  #isOver = false
  /** Whether bytes of the request may have left. */
  #hasLeft = false
  #wasLost = false
  /** 0 before the head of the answer. */
  #status = 0
  #contentType = ''
  #body: Buffer[] = []

  constructor({ pool, addresses, options }: DeliveryParts, connection: Connection, done: Done) {
    this.#pool = pool
    this.#addresses = addresses
    this.#connection = connection
    this.#done = done
    connection.client.dispatch(options, this)
  }

  /** Whether a kept connection ended under the request, before the head of an answer. */
  get wasLost(): boolean {
    return this.#wasLost
  }

  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#pool.drop(this.#connection)
  }

  overdue(loopBlocked: boolean): UpstreamResult {
    if (this.#connection.stopLookup !== undefined) return { kind: 'local', problem: 'name lookup not finished' }
    if (loopBlocked && !this.#hasLeft) return { kind: 'local', problem: 'event loop blocked' }
    return { kind: 'timeout', loopBlocked }
  }

  onRequestStart(): void {
    this.#hasLeft = true
  }

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    this.#status = status
    const contentType = headers['content-type'] ?? ''
    this.#contentType = typeof contentType === 'string' ? contentType : (contentType[0] ?? '')
    if (status !== 200) this.#fail({ kind: 'http_status', status })
    else if (/^text\/event-stream\b/i.test(this.#contentType)) {
      this.#fail({ kind: 'unreadable', problem: 'event stream' })
    }
  }

  onResponseData(_: unknown, chunk: Buffer): void {
    this.#body.push(chunk)
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#isOver = true
    const [first = Buffer.alloc(0), ...others] = this.#body
    const body = (others.length === 0 ? first : Buffer.concat(this.#body)).toString('utf8')
    this.#noteAddress(body)
    this.#pool.giveBack(this.#connection)
    this.#done({ kind: 'response', status: this.#status, contentType: this.#contentType, body })
  }

  onResponseError(_: unknown, error: NodeJS.ErrnoException): void {
    // A head of status 101, which undici does not hand on.
    if (error.message === 'bad upgrade') return this.#fail({ kind: 'http_status', status: 101 })
    this.#wasLost =
      this.#hasLeft && this.#connection.isReused && this.#status === 0 && connectionEnded.has(error.code ?? '')
    const localCode = this.#hasLeft ? undefined : localCodeOf(error)
    this.#fail(localCode === undefined ? failure(error, this.#status !== 0) : { kind: 'local', problem: localCode })
  }

  #fail(result: UpstreamResult): void {
    if (this.#isOver) return
    this.stop()
    this.#done(result)
  }

  #noteAddress(body: string): void {
    const { address, family } = this.#connection
    if (address === '' || this.#addresses.isProven(address)) return
    if (body.includes('"CaptchaCode"')) this.#addresses.noteProven({ address, family })
  }
}

/** How undici and Node say that the other side closed or reset a connection. */
const connectionEnded = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

function failure(error: NodeJS.ErrnoException, hasHead: boolean): UpstreamResult {
  const problem = error.code ?? error.message
  switch (problem) {
    case 'UND_ERR_DESTROYED':
      return { kind: 'aborted' }
    case 'UND_ERR_SOCKET':
      return { kind: 'unreachable', problem: error.message }
    case 'UND_ERR_RES_EXCEEDED_MAX_SIZE':
      return { kind: 'unreadable', problem: `over ${maxBodyBytes} bytes` }
    case 'UND_ERR_HEADERS_OVERFLOW':
      return { kind: 'unreadable', problem }
    // A body that was cut off; before a body, a head with two lengths.
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return { kind: hasHead ? 'unreachable' : 'unreadable', problem }
    default:
      return { kind: isNoHttp(error) ? 'unreadable' : 'unreachable', problem }
  }
}

/** The parser also complains about an answer that was cut off, which the connection is to blame for. */
function isNoHttp({ name, message }: Error): boolean {
  return name === 'HTTPParserError' && !message.includes('EOF')
}
