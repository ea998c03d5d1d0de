import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { jsonObject } from './api-request.js'
import { controlState, putControl } from './control.js'
import { demoPage } from './demo-page.js'
import { readBody } from './read-body.js'
import type { Simulator } from './simulator.js'
import type { MintTicketOptions } from './ticket-book.js'
import { tjCaptchaScript } from './tj-captcha-script.js'

export interface ScriptHost {
  readonly simulator: Simulator
  /** Refuse the control API to pages that reach loopback under a name of their own. */
  readonly onlyLoopbackHosts: boolean
  countScriptHit(): void
  countRedirectHit(): void
}

type Route = (host: ScriptHost, message: IncomingMessage, response: ServerResponse) => void | Promise<void>

const MAX_BODY_BYTES = 64 * 1024

const openToAllPages = { 'access-control-allow-origin': '*' }

function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'content-type': contentType,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  })
  response.end(body)
}

function sendJson(response: ServerResponse, status: number, value: unknown, headers = {}): void {
  send(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value, null, 2)}\n`, headers)
}

async function readJson(message: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await readBody(message, MAX_BODY_BYTES)
  const value = body === null ? null : jsonObject(body)
  if (value === null) throw new TypeError(`the body must be a JSON object of at most ${MAX_BODY_BYTES} bytes`)
  return value
}

function script({ simulator, countScriptHit }: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  countScriptHit()
  const fault = simulator.faults.script
  if (fault === 'hang') return
  if (fault === 'refuse_connection') {
    response.socket?.destroy()
    return
  }
  if (fault === 'not_found') {
    send(response, 404, 'text/plain; charset=utf-8', 'Not found\n', openToAllPages)
    return
  }
  const text =
    fault === 'empty' ? '/* empty */\n' : tjCaptchaScript({ origin: new URL(simulator.scriptUrl).origin, fault })
  send(response, 200, 'application/javascript; charset=utf-8', text, openToAllPages)
}

function ticketOptions(body: Record<string, unknown>): MintTicketOptions {
  const { captchaAppId, channel } = body
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

async function ticket({ simulator }: ScriptHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  sendJson(response, 200, simulator.mintTicket(ticketOptions(await readJson(message))), openToAllPages)
}

function ticketPreflight(_host: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  response
    .writeHead(204, {
      ...openToAllPages,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'content-type',
      'access-control-allow-private-network': 'true',
    })
    .end()
}

function rejectForeignHost(host: ScriptHost, message: IncomingMessage): void {
  const name = (message.headers.host ?? '').replace(/:\d+$/, '')
  const isLoopback = name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name)
  if (host.onlyLoopbackHosts && !isLoopback) throw new TypeError('the control API answers to loopback addresses only')
}

function getControl(host: ScriptHost, message: IncomingMessage, response: ServerResponse): void {
  rejectForeignHost(host, message)
  sendJson(response, 200, controlState(host.simulator))
}

async function changeControl(host: ScriptHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  rejectForeignHost(host, message)
  putControl(host.simulator, await readJson(message))
  await host.simulator.settled()
  sendJson(response, 200, controlState(host.simulator))
}

function redirected(host: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  host.countRedirectHit()
  // A pass that nobody earned, so that a client that follows the redirect shows in the worst way.
  sendJson(response, 200, { Response: { CaptchaCode: 1, CaptchaMsg: 'OK', EvilLevel: 0, RequestId: 'redirected' } })
}

function page({ simulator }: ScriptHost, _message: IncomingMessage, response: ServerResponse): void {
  const { html, contentSecurityPolicy } = demoPage(simulator)
  send(response, 200, 'text/html; charset=utf-8', html, { 'content-security-policy': contentSecurityPolicy })
}

const routes: Readonly<Record<string, Route>> = {
  'GET /': page,
  'GET /TJCaptcha.js': script,
  'HEAD /TJCaptcha.js': script,
  'POST /ticket': ticket,
  'OPTIONS /ticket': ticketPreflight,
  'GET /control': getControl,
  'PUT /control': changeControl,
  'GET /redirected': redirected,
  'POST /redirected': redirected,
}

function notFound(_host: ScriptHost, message: IncomingMessage, response: ServerResponse): void {
  const known = Object.keys(routes).join(', ')
  sendJson(response, 404, { error: `no ${message.method} ${message.url} here; there are ${known}` })
}

async function route(host: ScriptHost, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const key = `${message.method} ${(message.url ?? '/').split('?', 1)[0]}`
  const handler = Object.hasOwn(routes, key) ? routes[key] : undefined
  try {
    await (handler ?? notFound)(host, message, response)
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    sendJson(response, 400, { error: error.message }, openToAllPages)
  }
}

/** The request listener of the script, the tickets it fetches, the demo page and the control API. */
export function serveScript(host: ScriptHost): RequestListener {
  return (message, response) => {
    route(host, message, response).catch(() => response.destroy())
  }
}
