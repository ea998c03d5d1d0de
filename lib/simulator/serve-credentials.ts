import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { jsonObject, readBody } from './api-request.js'
import type { CredentialFault } from './faults.js'
import type { IssuedKeys } from './temporary-keys.js'

/** What the sources of temporary keys need of the simulator. */
export interface CredentialHost {
  readonly fault: () => CredentialFault | null
  readonly issue: (lifetimeSeconds: number) => IssuedKeys
  readonly hits: { credential: number }
}

/** Answers a request for temporary keys. Resolves to false for any other request, which it leaves alone. */
export type ServeCredentials = (message: IncomingMessage, response: ServerResponse) => Promise<boolean>

/** Path of the metadata service, up to `meta-data/` as on a CVM. */
export const metadataPath = '/latest/meta-data/'
/** Path of STS, which has a host of its own at the vendor. */
export const stsPath = '/sts'

const rolesPath = `${metadataPath}cam/security-credentials/`
const role = 'simulatorRole'
const usualLifetimeSeconds = 7200
const maxBodyBytes = 64 * 1024

/** Makes the stand-ins for the metadata service of a CVM and for STS. */
export function serveCredentials(host: CredentialHost): ServeCredentials {
  return async (message, response) => {
    const path = (message.url ?? '').split('?', 1)[0] ?? ''
    const isSts = path === stsPath
    if (!isSts && !path.startsWith(metadataPath)) return false
    host.hits.credential++
    const fault = host.fault()
    const isBroken = typeof fault === 'string' && answerBroken(fault, isSts, response)
    if (isBroken) return true
    const issue = () => host.issue(lifetimeSeconds(fault))
    if (isSts) await answerSts(message, response, issue)
    else answerMetadata(message, path, response, issue)
    return true
  }
}

/** Returns whether the fault was the whole answer. */
function answerBroken(fault: CredentialFault, isSts: boolean, response: ServerResponse): boolean {
  switch (fault) {
    case 'down':
      response.socket?.destroy()
      return true
    case 'hang':
      return true
    case 'garbage':
      send(response, 200, 'text/html', '<!doctype html><title>Welcome</title>')
      return true
    case 'denied':
      if (isSts) sendError(response, 'AuthFailure.UnauthorizedOperation', 'The role may not be assumed.')
      else send(response, 404, 'text/plain', 'Not Found')
      return true
    default:
      return false
  }
}

function lifetimeSeconds(fault: CredentialFault | null): number {
  if (fault === 'expired_keys') return -60
  return typeof fault === 'object' && fault !== null ? fault.lifetimeSeconds : usualLifetimeSeconds
}

function answerMetadata({ method }: IncomingMessage, path: string, response: ServerResponse, issue: () => IssuedKeys) {
  if (method === 'GET' && path === rolesPath) return send(response, 200, 'text/plain', role)
  if (method !== 'GET' || path !== rolesPath + role) return send(response, 404, 'text/plain', 'Not Found')
  send(response, 200, 'application/json', JSON.stringify({ ...issue(), Code: 'Success' }))
}

const requiredParameters = ['ProviderId', 'WebIdentityToken', 'RoleArn', 'RoleSessionName']

async function answerSts(message: IncomingMessage, response: ServerResponse, issue: () => IssuedKeys): Promise<void> {
  const body = jsonObject((await readBody(message, maxBodyBytes)) ?? Buffer.alloc(0))
  const { headers } = message
  if (message.method !== 'POST' || body === null) {
    return sendError(response, 'InvalidParameter', 'The request is no POST of a JSON object.')
  }
  if (headers['x-tc-action'] !== 'AssumeRoleWithWebIdentity')
    return sendError(response, 'InvalidAction', 'Unknown action.')
  if (headers['x-tc-version'] !== '2018-08-13') return sendError(response, 'NoSuchVersion', 'Unknown version.')
  // Nothing is signed here: the identity token is what proves the caller.
  if (headers.authorization !== 'SKIP') {
    return sendError(response, 'AuthFailure.InvalidAuthorization', '`Authorization` must be SKIP.')
  }
  const missing = requiredParameters.find((name) => typeof body[name] !== 'string' || body[name] === '')
  if (missing !== undefined || headers['x-tc-region'] === undefined) {
    return sendError(response, 'MissingParameter', `The request is missing \`${missing ?? 'X-TC-Region'}\`.`)
  }
  const { ExpiredTime, Expiration, ...Credentials } = issue()
  const reply = { Response: { Credentials, ExpiredTime, Expiration, RequestId: randomUUID() } }
  send(response, 200, 'application/json', JSON.stringify(reply))
}

function sendError(response: ServerResponse, code: string, message: string): void {
  const reply = { Response: { Error: { Code: code, Message: message }, RequestId: randomUUID() } }
  send(response, 200, 'application/json', JSON.stringify(reply))
}

function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body)
}
