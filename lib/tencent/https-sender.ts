import type { Dispatcher } from 'undici'
import type { Clock } from '../clock.js'
import type { TencentCredential } from '../types.js'
import { asciiJson } from './ascii-json.js'
import { type Connection, ConnectionPool } from './connection-pool.js'
import { requestSigner } from './signed-headers.js'
import type { UpstreamResult } from './upstream-result.js'
import type { ApiRequest } from './verify-call.js'
import type { Done } from './with-deadline.js'

/** Longest body that is read, in bytes. A real reply has a few hundred. */
const maxBodyBytes = 64 * 1024

export interface HttpsSender {
  /** Calls `done` once, at any time; returns a function after which it does not. */
  send(request: ApiRequest, credential: TencentCredential, done: Done): () => void
  close(): void
}

/** Sends over keep-alive connections of our own: no redirect is followed and no body is read without bound. */
export function httpsSender(endpoint: URL, clock: Clock): HttpsSender {
  const pool = new ConnectionPool(endpoint, maxBodyBytes)
  const sign = requestSigner(endpoint)
  const path = `${endpoint.pathname}${endpoint.search}`
  return {
    send({ action, params }, credential, done) {
      const body = Buffer.from(asciiJson(params))
      const headers = sign(action, body, credential, clock.epochMs()) as string[]
      const options = { method: 'POST', path, headers, body } as const
      let running: { stop(): void } = new Exchange(pool, options, (result) => {
        if (!neverLeft(result)) return done(result)
        const retry = clock.after(retryAfterMs, () => {
          running = new Exchange(pool, options, done)
        })
        running = { stop: () => retry.cancel() }
      })
      return () => running.stop()
    },
    close: () => pool.close(),
  }
}

/** Long enough for a listener that is being replaced, short enough to go unnoticed. */
const retryAfterMs = 50

/** Only failures that prove that no byte of the request left: after that a lost success would make the retry answer 9. */
const codesBeforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

function neverLeft(result: UpstreamResult): boolean {
  return result.kind === 'unreachable' && codesBeforeSending.has(result.problem)
}

/** One request on one connection, and what is read of its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #pool: ConnectionPool
  readonly #connection: Connection
  readonly #done: Done
  #isOver = false
  /** 0 before the head of the answer. */
  #status = 0
  #contentType = ''
  #body: Buffer[] = []

  constructor(pool: ConnectionPool, options: Dispatcher.DispatchOptions, done: Done) {
    this.#pool = pool
    this.#connection = pool.take()
    this.#done = done
    this.#connection.client.dispatch(options, this)
  }

  stop(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#pool.drop(this.#connection)
  }

  onRequestStart(): void {}

  onResponseStart(_: unknown, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) return
    this.#status = status
    this.#contentType = [headers['content-type'] ?? ''].flat()[0] ?? ''
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
    this.#pool.giveBack(this.#connection)
    const [first = Buffer.alloc(0), ...others] = this.#body
    const body = (others.length === 0 ? first : Buffer.concat(this.#body)).toString('utf8')
    this.#done({ kind: 'response', status: this.#status, contentType: this.#contentType, body })
  }

  onResponseError(_: unknown, error: NodeJS.ErrnoException): void {
    this.#fail(failure(error, this.#status !== 0))
  }

  #fail(result: UpstreamResult): void {
    if (this.#isOver) return
    this.stop()
    this.#done(result)
  }
}

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
