import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { isLoopbackHost } from '../client-address.js'
import { jsonObject, readBody } from './api-request.js'
import { problemOfAidEncrypted } from './check-aid-encrypted.js'
import { demoPage } from './demo-page.js'
import type { ScriptParameters } from './faults.js'
import { pageScript } from './page-script.generated.js'
import {
  parseApiFault,
  parseApiFaultOptions,
  parseCredentialFault,
  parseScriptFault,
  rejectScopedRefusal,
} from './parse-fault.js'
import type { ServeCredentials } from './serve-credentials.js'
import type { Simulator } from './simulator.js'
import type { MintTicketOptions } from './ticket-book.js'

/** What the script server needs of the simulator. */
export interface ScriptHost {
  readonly simulator: Simulator
  /** Refuses the control API to pages that reach loopback under a host name of their own (DNS rebinding). */
  readonly onlyLoopbackHosts: boolean
  /** Whether pages get tickets for an encrypted app id alone. */
  readonly checksAidEncrypted: boolean
  /** Epoch ms. */
  readonly now: () => number
  /** Counts the requests for the script and those that followed the `redirect` fault. */
  readonly hits: { script: number; redirect: number }
  /** Answers requests for temporary keys. */
  readonly credentials: ServeCredentials
}

type Route = (host: ScriptHost, message: IncomingMessage, response: ServerResponse) => void | Promise<void>

const maxBodyBytes = 64 * 1024
const shownCalls = 50
const controlKeys = ['api', 'options', 'script', 'credential']
const openToAllPages = { 'access-control-allow-origin': '*' }

/** Path of the script of each site, as on the vendor's hosts. */
export const scriptPaths = { mainland: '/TJCaptcha.js', international: '/TJNCaptcha-global.js' } as const

/**
 * Returns the text of a script with the interface of the vendor's `TJCaptcha.js`, or of `TJNCaptcha-global.js`; it needs neither `eval` nor inline styles nor
 * `innerHTML`. The parameters are the argument of the compiled function, as JSON.
 */
export function tjCaptchaScript(parameters: ScriptParameters): string {
  return `/* Stand-in for ${scriptPaths[parameters.site].slice(1)}, served by the simulator of tencent-captcha-guard. */\n${pageScript}(${JSON.stringify(parameters)})\n`
}

function send(response: ServerResponse, status: number, contentType: string, body: string, headers = {}): void {
  const common = { 'content-type': contentType, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  response.writeHead(status, { ...common, ...headers }).end(body)
}

function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value, null, 2)}\n`, headers)
}

async function readJson(message: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(message, maxBodyBytes)
  const value = body === null ? null : jsonObject(body)
  if (value === null) throw new TypeError(`the body must be a JSON object of at most ${maxBodyBytes} bytes`)
  return value
}

function sendScript({ simulator, hits }: ScriptHost, { url }: IncomingMessage, response: ServerResponse): void {
  hits.script += 1
  const fault = simulator.faults.script
  if (fault === 'hang') return
  if (fault === 'refuse_connection') {
    response.socket?.destroy()
    return
  }
  if (fault === 'not_found') return send(response, 404, 'text/plain; charset=utf-8', 'Not found\n', openToAllPages)
  const { origin } = new URL(simulator.scriptUrl)
  const site = url?.startsWith(scriptPaths.international) ? 'international' : 'mainland'
  const text = fault === 'empty' ? '/* empty */\n' : tjCaptchaScript({ origin, fault, site })
  send(response, 200, 'application/javascript; charset=utf-8', text, openToAllPages)
}

function ticketOptions({ captchaAppId, channel }: Record<string, unknown>): MintTicketOptions {
  if (channel !== undefined && channel !== 'web' && channel !== 'mini_program') {
    throw new TypeError('channel must be "web" or "mini_program"')
  }
  const appId = captchaAppId === undefined ? undefined : Number(captchaAppId)
  if (appId !== undefined && !Number.isSafeInteger(appId)) throw new TypeError('captchaAppId must be digits')
  return {
    ...(channel === undefined ? {} : { channel }),
    ...(appId === undefined ? {} : { captchaAppId: appId }),
  }
}

async function mintTicket(host: ScriptHost, message: IncomingMessage, response: ServerResponse) {
  const { aidEncrypted, ...wanted } = await readJson(message)
  const options = ticketOptions(wanted)
  if (host.checksAidEncrypted && options.channel !== 'mini_program') {
    const { captchaAppId, appSecretKey } = host.simulator
    const problem = problemOfAidEncrypted(aidEncrypted, options.captchaAppId ?? captchaAppId, appSecretKey, host.now())
    if (problem !== undefined) return sendJson(response, 403, { error: problem }, openToAllPages)
  }
  sendJson(response, 200, host.simulator.mintTicket(options), openToAllPages)
}

function answerPreflight(_host: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  const headers = {
    ...openToAllPages,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type',
    'access-control-allow-private-network': 'true',
  }
  response.writeHead(204, headers).end()
}

function rejectForeignHost(host: ScriptHost, message: IncomingMessage): void {
  const name = (message.headers.host ?? '').replace(/:\d+$/, '')
  if (host.onlyLoopbackHosts && !isLoopbackHost(name))
    throw new TypeError('the control API answers to loopback addresses only')
}

/** Returns what `GET /control` shows: faults, counters and the last 50 calls, oldest first. */
function readControl({ calls, faults, scriptHits, redirectHits, credentialHits }: Simulator): object {
  return { faults, scriptHits, redirectHits, credentialHits, totalCalls: calls.length, calls: calls.slice(-shownCalls) }
}

/** Carries out `PUT /control` as a whole. Throws a TypeError for a wrong body and then changes nothing. */
function putControl(simulator: Simulator, body: Record<string, unknown>): void {
  const unknown = Object.keys(body).find((key) => !controlKeys.includes(key))
  if (unknown !== undefined)
    throw new TypeError(`unknown key ${JSON.stringify(unknown)}; there are ${controlKeys.join(', ')}`)
  const { api = null, options, script = null, credential = null } = body
  if (!('api' in body) && options !== undefined) throw new TypeError('options need an api fault to go with')
  const apiFault = api === null ? null : parseApiFault(api)
  const scope = parseApiFaultOptions(options)
  if (apiFault !== null) rejectScopedRefusal(apiFault, scope)
  const scriptFault = script === null ? null : parseScriptFault(script)
  const credentialFault = credential === null ? null : parseCredentialFault(credential)
  if ('api' in body) simulator.setFault(apiFault, scope)
  if ('script' in body) simulator.setScriptFault(scriptFault)
  if ('credential' in body) simulator.setCredentialFault(credentialFault)
}

async function control(host: ScriptHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  rejectForeignHost(host, message)
  if (message.method === 'PUT') {
    putControl(host.simulator, await readJson(message))
    await host.simulator.settled()
  }
  sendJson(response, 200, readControl(host.simulator))
}

function endOfRedirect({ hits }: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  hits.redirect += 1
  // An unearned pass: a client that follows redirects lets the request in, and a test sees it.
  sendJson(response, 200, { Response: { CaptchaCode: 1, CaptchaMsg: 'OK', EvilLevel: 0, RequestId: 'redirected' } })
}

function sendDemoPage({ simulator }: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  const { html, contentSecurityPolicy } = demoPage(simulator.captchaAppId, scriptPaths.mainland)
  send(response, 200, 'text/html; charset=utf-8', html, { 'content-security-policy': contentSecurityPolicy })
}

const routes: Readonly<Record<string, Route>> = {
  'GET /': sendDemoPage,
  [`GET ${scriptPaths.mainland}`]: sendScript,
  [`HEAD ${scriptPaths.mainland}`]: sendScript,
  [`GET ${scriptPaths.international}`]: sendScript,
  [`HEAD ${scriptPaths.international}`]: sendScript,
  'POST /ticket': mintTicket,
  'OPTIONS /ticket': answerPreflight,
  'GET /control': control,
  'PUT /control': control,
  'GET /redirected': endOfRedirect,
  'POST /redirected': endOfRedirect,
}

function notFound(_host: ScriptHost, { method, url }: IncomingMessage, response: ServerResponse): void {
  const known = Object.keys(routes).join(', ')
  sendJson(response, 404, { error: `no ${method} ${url} here; there are ${known}` })
}

async function route(host: ScriptHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = `${message.method} ${(message.url ?? '/').split('?', 1)[0]}`
  const handler = Object.hasOwn(routes, key) ? routes[key] : undefined
  try {
    if (await host.credentials(message, response)) return
    await (handler ?? notFound)(host, message, response)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    sendJson(response, 400, { error: error.message }, openToAllPages)
  }
}

/** Makes the request listener of the script, its tickets, the demo page, the control API and the sources of temporary keys. */
export function serveScript(host: ScriptHost): RequestListener {
  return (message, response) => {
    route(host, message, response).catch(() => response.destroy())
  }
}
