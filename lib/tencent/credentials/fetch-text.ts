import http from 'node:http'
import https from 'node:https'
import { maxBodyBytes } from '../upstream-result.js'
import { verifiedPeer } from '../verified-peer.js'
import { CredentialError } from './read-credential.js'

/** One request to a source of keys. */
export interface TextRequest {
  /** Names the source in errors. */
  readonly source: string
  readonly url: URL
  /** Ends the request. */
  readonly signal: AbortSignal
  readonly headers?: Readonly<Record<string, string>>
  /** Makes it a POST. */
  readonly body?: string
}

/**
 * Returns the body of an HTTP 200. No proxy, no redirect and no kept connection: a metadata service is this machine's own, and
 * its answer is a secret. Rejects with a {@link CredentialError} otherwise.
 */
export function fetchText({ source, url, signal, headers = {}, body }: TextRequest): Promise<string> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http
    const method = body === undefined ? 'GET' : 'POST'
    const length = body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) }
    const fail = (problem: string) => {
      call.destroy()
      reject(new CredentialError(`${source} ${problem}`))
    }
    const onError = (error: NodeJS.ErrnoException) => {
      fail(signal.aborted ? 'did not answer in time' : `is unreachable (${error.code ?? error.name})`)
    }
    const options = { ...verifiedPeer, method, signal, agent: false, headers: { ...headers, ...length } }
    const call = request(url, options, (response) => {
      if (response.statusCode !== 200) return fail(`answered HTTP ${response.statusCode}`)
      const chunks: Buffer[] = []
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > maxBodyBytes) return fail(`answered more than ${maxBodyBytes} bytes`)
        chunks.push(chunk)
      })
      response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
      response.on('error', onError)
    })
    call.on('error', onError)
    call.end(body)
  })
}
