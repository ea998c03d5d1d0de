import http from 'node:http'
import https from 'node:https'
import type { LookupFunction } from 'node:net'
import type { ProbeReport } from '../admission/outcome.js'
import type { Clock } from '../clock.js'
import { localCodeOf } from './local-failure.js'
import type { LookupQueue } from './lookup-queue.js'
import { maxBodyBytes } from './upstream-result.js'
import { verifiedPeer } from './verified-peer.js'

const deadlineMs = 3_000
const maxRedirects = 3

/** What a probe needs beside the URL. */
export interface ProbeOptions {
  readonly clock: Clock
  readonly lookups: LookupQueue
  readonly signal: AbortSignal
}

/**
 * Fetches the vendor's script as a browser would: is it served? One deadline, bounded body, and no redirect to another
 * host, where a parking page would answer 200 for everything. `unknown` where this machine could not even ask.
 */
export function probeScript(scriptUrl: URL, { clock, lookups, signal }: ProbeOptions): Promise<ProbeReport> {
  return new Promise((resolve) => {
    const stop = new AbortController()
    const finish = (report: ProbeReport) => {
      timer.cancel()
      stop.abort()
      resolve(report)
    }
    let isLookingUp = false
    const timer = clock.after(deadlineMs, () => {
      clock.afterPoll(() => finish(isLookingUp ? 'unknown' : 'unreachable'))
    })
    const lookup: LookupFunction = (host, options, done) => {
      isLookingUp = true
      lookups.ask(host, (found) => {
        isLookingUp = false
        if (found.kind === 'failed') return done(Object.assign(new Error('lookup failed'), { code: found.code }), '')
        const [first] = found.addresses
        if (options.all) done(null, [...found.addresses])
        else done(null, first?.address ?? '', first?.family)
      })
    }
    signal.addEventListener('abort', () => finish('unreachable'), { signal: stop.signal })
    fetchOnce(scriptUrl, maxRedirects, { signal: stop.signal, lookup }, finish)
  })
}

type FetchOptions = Pick<http.RequestOptions, 'signal' | 'lookup'>

function fetchOnce(
  url: URL,
  redirectsLeft: number,
  options: FetchOptions,
  finish: (report: ProbeReport) => void,
): void {
  const { get } = url.protocol === 'https:' ? https : http
  const request = get(url, { ...options, ...verifiedPeer, agent: false, headers: { Accept: '*/*' } }, (response) => {
    const status = response.statusCode ?? 0
    const target = redirectTarget(url, status, response.headers.location)
    if (target !== undefined && redirectsLeft > 0) {
      response.resume()
      return fetchOnce(target, redirectsLeft - 1, options, finish)
    }
    if (status !== 200) return finish('unreachable')
    readAtLeastSomething(response, finish)
  })
  request.on('error', (error) => finish(localCodeOf(error) === undefined ? 'unreachable' : 'unknown'))
}

/** A script that is larger than the bound is there all the same. */
function readAtLeastSomething(response: http.IncomingMessage, finish: (report: ProbeReport) => void): void {
  let bytes = 0
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBodyBytes) finish('reachable')
  })
  response.on('end', () => finish(bytes > 0 ? 'reachable' : 'unreachable'))
  response.on('error', () => finish('unreachable'))
}

function redirectTarget(from: URL, status: number, location: string | undefined): URL | undefined {
  if (status < 300 || status > 399 || location === undefined || !URL.canParse(location, from.href)) return undefined
  const target = new URL(location, from)
  return target.host === from.host && /^https?:$/.test(target.protocol) ? target : undefined
}
