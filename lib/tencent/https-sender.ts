import http from 'node:http'
import https from 'node:https'
import { setTimeout } from 'node:timers/promises'
import type { TencentCredential } from '../types.js'
import { signedHeaders } from './signed-headers.js'
import type { UpstreamResult } from './upstream-result.js'
import type { ApiRequest } from './verify-call.js'

/** Longest body that is read, in bytes. A real reply has a few hundred. */
const maxBodyBytes = 64 * 1024

/** Idle sockets are dropped before a load balancer drops them under us: a reset after bytes left cannot be retried. */
const idleSocketMs = 10_000

export interface HttpsSender {
  send(
    request: ApiRequest,
    credential: TencentCredential,
    epochMs: number,
    signal: AbortSignal,
  ): Promise<UpstreamResult>
  close(): void
}

/** Sends over our own keep-alive agent: no redirect is followed and no body is read without bound. */
export function httpsSender(endpoint: URL): HttpsSender {
  const { request, Agent } = endpoint.protocol === 'https:' ? https : http
  const agent = new Agent({ keepAlive: true, timeout: idleSocketMs })
  return {
    async send(apiRequest, credential, epochMs, signal) {
      const body = Buffer.from(JSON.stringify(apiRequest.params))
      const headers = signedHeaders({ endpoint, action: apiRequest.action, body, credential, epochMs })
      const exchangeOnce = () =>
        exchange((onResponse) => request(endpoint, { method: 'POST', headers, agent }, onResponse), body, signal)
      const first = await exchangeOnce()
      if (!neverLeft(first) || signal.aborted) return first
      await setTimeout(retryAfterMs)
      return signal.aborted ? { kind: 'aborted' } : exchangeOnce()
    },
    close: () => agent.destroy(),
  }
}

/** Long enough for a listener that is being replaced, short enough for nobody to notice. */
const retryAfterMs = 50

/** Only failures that prove that no byte of the request left: after that a lost success would make the retry answer 9. */
const codesBeforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'])

function neverLeft(result: UpstreamResult): boolean {
  return result.kind === 'unreachable' && codesBeforeSending.has(result.problem)
}

function exchange(
  open: (onResponse: (response: http.IncomingMessage) => void) => http.ClientRequest,
  body: Buffer,
  signal: AbortSignal,
): Promise<UpstreamResult> {
  return new Promise((resolve) => {
    let isAnswered = false
    const request = open((response) => {
      isAnswered = true
      const finish = (result: UpstreamResult) => {
        resolve(result)
        if (result.kind !== 'response') request.destroy()
      }
      readResponse(response, finish)
    })
    const abort = () => {
      request.destroy()
      resolve({ kind: 'aborted' })
    }
    signal.addEventListener('abort', abort, { once: true })
    request.on('error', (error) => resolve(transportFailure(error)))
    request.on('close', () => {
      signal.removeEventListener('abort', abort)
      // An upgrade, for one, ends in neither a response nor an error.
      if (!isAnswered) resolve({ kind: 'unreachable', problem: 'closed without an answer' })
    })
    request.end(body)
  })
}

function readResponse(response: http.IncomingMessage, finish: (result: UpstreamResult) => void): void {
  const status = response.statusCode ?? 0
  const contentType = response.headers['content-type'] ?? ''
  if (status !== 200) return finish({ kind: 'http_status', status })
  if (/^text\/event-stream\b/i.test(contentType)) return finish({ kind: 'unreadable', problem: 'event stream' })
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBodyBytes) return finish({ kind: 'unreadable', problem: `over ${maxBodyBytes} bytes` })
    chunks.push(chunk)
  })
  response.on('end', () =>
    finish({ kind: 'response', status, contentType, body: Buffer.concat(chunks).toString('utf8') }),
  )
  response.on('error', (error) => finish(transportFailure(error)))
}

function transportFailure(error: NodeJS.ErrnoException): UpstreamResult {
  const problem = error.code ?? error.message
  return problem.startsWith('HPE_') ? { kind: 'unreadable', problem } : { kind: 'unreachable', problem }
}
