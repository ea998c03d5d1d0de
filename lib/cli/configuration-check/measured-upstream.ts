import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { requestSigner } from '../../tencent/signed-headers.js'
import type { Upstream } from '../../tencent/upstream.js'
import { maxBodyBytes, type UpstreamResult } from '../../tencent/upstream-result.js'
import { apiRequest } from '../../tencent/verify-call.js'
import type { TencentCredential } from '../../types.js'

/** What each phase of a call took, in milliseconds; a phase that was not reached, or is not needed, is absent. */
export interface Phases {
  readonly dnsMs?: number
  readonly connectMs?: number
  readonly tlsMs?: number
  /** From the request to the head of the answer. */
  readonly firstByteMs?: number
  readonly totalMs: number
}

/** What one call showed beside its result. */
export interface Measurement {
  readonly phases: Phases
  readonly result: UpstreamResult
  readonly address?: string
  readonly httpStatus?: number
  /** How far this machine's clock is ahead of the answer's `Date`, which has whole seconds. */
  readonly clock?: { readonly aheadMs: number; readonly uncertaintyMs: number }
}

interface MeasuredOptions {
  readonly endpoint: URL
  readonly captchaAppId: number
  readonly appSecretKey: string
  readonly credential: TencentCredential
  readonly onMeasured: (measurement: Measurement) => void
}

/** Sends each call on a connection of its own, and measures its phases. */
export function measuredUpstream(options: MeasuredOptions): Upstream {
  const { endpoint, captchaAppId, appSecretKey, credential, onMeasured } = options
  const sign = requestSigner(endpoint)
  return {
    verify(call, timeoutMs, done) {
      const { action, params } = apiRequest(call, captchaAppId, appSecretKey)
      const body = Buffer.from(JSON.stringify(params))
      const headers = pairs(sign(action, body, credential, Date.now()))
      const exchange = new MeasuredExchange(endpoint, headers, body, timeoutMs, (measurement) => {
        onMeasured(measurement)
        done(measurement.result)
      })
      return () => exchange.stop()
    },
  }
}

function pairs(flat: readonly string[]): Record<string, string> {
  return Object.fromEntries(flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? '']] : [])))
}

/** One request; no redirect is followed, and no body is read without bound. */
class MeasuredExchange {
  readonly #done: (measurement: Measurement) => void
  readonly #request: http.ClientRequest
  readonly #timer: NodeJS.Timeout
  readonly #startedMs = performance.now()
  readonly #sentEpochMs = Date.now()
  readonly #at: { lookup?: number; connect?: number; secure?: number; head?: number } = {}
  #response: http.IncomingMessage | undefined
  #headEpochMs = 0
  #address: string | undefined
  #isOver = false

  constructor(
    url: URL,
    headers: Record<string, string>,
    body: Buffer,
    timeoutMs: number,
    done: (measurement: Measurement) => void,
  ) {
    this.#done = done
    const { request } = url.protocol === 'https:' ? https : http
    this.#request = request(url, {
      method: 'POST',
      agent: false,
      headers: { ...headers, 'Content-Length': body.length },
    })
    this.#timer = setTimeout(() => this.#finish({ kind: 'timeout', loopBlocked: false }), timeoutMs)
    this.#request.on('socket', (socket) => this.#watch(socket))
    this.#request.on('response', (response) => this.#read(response))
    this.#request.on('error', (error: NodeJS.ErrnoException) => {
      this.#finish({ kind: isNoHttp(error) ? 'unreadable' : 'unreachable', problem: error.code ?? error.message })
    })
    this.#request.end(body)
  }

  stop(): void {
    this.#finish({ kind: 'aborted' })
  }

  #watch(socket: Socket): void {
    const note = (phase: 'lookup' | 'connect' | 'secure') => () => {
      this.#at[phase] ??= performance.now()
      this.#address ??= socket.remoteAddress
    }
    socket.on('lookup', note('lookup'))
    socket.on('connect', note('connect'))
    socket.on('secureConnect', note('secure'))
  }

  #read(response: http.IncomingMessage): void {
    this.#at.head = performance.now()
    this.#headEpochMs = Date.now()
    this.#response = response
    const status = response.statusCode ?? 0
    if (status !== 200) return this.#finish({ kind: 'http_status', status })
    const chunks: Buffer[] = []
    let bytes = 0
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes > maxBodyBytes) this.#finish({ kind: 'unreadable', problem: `over ${maxBodyBytes} bytes` })
    })
    response.on('end', () => {
      const contentType = response.headers['content-type'] ?? ''
      this.#finish({ kind: 'response', status, contentType, body: Buffer.concat(chunks).toString('utf8') })
    })
    response.on('error', (error: NodeJS.ErrnoException) => {
      this.#finish({ kind: 'unreachable', problem: error.code ?? error.message })
    })
  }

  #finish(result: UpstreamResult): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    const measurement = { ...this.#measured(), result }
    this.#request.destroy()
    this.#done(measurement)
  }

  #measured(): Omit<Measurement, 'result'> {
    const { lookup, connect, secure, head } = this.#at
    const clock = this.#clock()
    return {
      phases: {
        ...phase('dnsMs', this.#startedMs, lookup),
        ...phase('connectMs', lookup ?? this.#startedMs, connect),
        ...phase('tlsMs', connect, secure),
        ...phase('firstByteMs', secure ?? connect, head),
        totalMs: rounded(performance.now() - this.#startedMs),
      },
      ...(this.#address !== undefined && { address: this.#address }),
      ...(this.#response?.statusCode !== undefined && { httpStatus: this.#response.statusCode }),
      ...(clock && { clock }),
    }
  }

  /** The answer's time stamp was made between the two moments, and has lost what is below a second. */
  #clock(): Measurement['clock'] {
    const dateMs = Date.parse(this.#response?.headers.date ?? '')
    if (Number.isNaN(dateMs)) return undefined
    const aheadMs = Math.round((this.#sentEpochMs + this.#headEpochMs) / 2 - (dateMs + 500))
    return { aheadMs, uncertaintyMs: Math.round(500 + (this.#headEpochMs - this.#sentEpochMs) / 2) }
  }
}

function phase(name: keyof Phases, fromMs: number | undefined, toMs: number | undefined): Partial<Phases> {
  return fromMs === undefined || toMs === undefined ? {} : { [name]: rounded(toMs - fromMs) }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10
}

function isNoHttp({ code = '' }: NodeJS.ErrnoException): boolean {
  return code.startsWith('HPE_') && code !== 'HPE_INVALID_EOF_STATE'
}
