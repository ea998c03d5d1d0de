import { createHmac, timingSafeEqual } from 'node:crypto'
import { sha256 } from '../structures/sha256.js'
import { type ApiReply, errorReply } from './api-reply.js'
import { type ApiRequest, headerText } from './api-request.js'

/** The key pair that the API accepts. */
export interface SimulatorCredential {
  readonly secretId: string
  readonly secretKey: string
  /** Belongs to a temporary key pair. */
  readonly token?: string
}

/** Finds the key pair of a SecretId. */
export interface Keyring {
  find(secretId: string): (SimulatorCredential & { readonly expiresAtMs?: number }) | undefined
}

const algorithm = 'TC3-HMAC-SHA256'
const maxClockSkewSeconds = 300
const authorizationHeader =
  /^TC3-HMAC-SHA256\s+Credential=([^/]*)\/(\d{4}-\d{2}-\d{2})\/([^/]+)\/tc3_request,\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/

interface Authorization {
  readonly secretId: string
  readonly date: string
  readonly service: string
  readonly signedHeaders: string
  readonly signature: string
}

function parseAuthorization(header: string): Authorization | null {
  const match = authorizationHeader.exec(header)
  if (match === null) return null
  const [, secretId = '', date = '', service = '', signedHeaders = '', signature = ''] = match
  return { secretId, date, service, signedHeaders, signature }
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function canonicalHeader(request: ApiRequest, name: string): string {
  const value = headerText(request, name).trim()
  // Clients sign the host without the port and send it with the port.
  const signed = name === 'host' ? value.replace(/:\d+$/, '') : value
  // Some signers write every value in lower case; the SDK's content type and host are lower case already.
  return `${name}:${signed.toLowerCase()}\n`
}

function canonicalRequest(request: ApiRequest, signedHeaders: string): string {
  const [path = '/', query = ''] = request.url.split('?', 2)
  const headers = signedHeaders
    .split(';')
    .map((name) => canonicalHeader(request, name))
    .join('')
  return [request.method, path, query, headers, signedHeaders, sha256(request.body)].join('\n')
}

function expectedSignature(request: ApiRequest, auth: Authorization, timestamp: string, secretKey: string): string {
  const scope = `${auth.date}/${auth.service}/tc3_request`
  const hashedRequest = sha256(canonicalRequest(request, auth.signedHeaders))
  const key = hmac(hmac(hmac(`TC3${secretKey}`, auth.date), auth.service), 'tc3_request')
  return hmac(key, [algorithm, timestamp, scope, hashedRequest].join('\n')).toString('hex')
}

function signsWhatItMust(signedHeaders: string): boolean {
  const names = signedHeaders.split(';')
  return names.includes('content-type') && names.includes('host')
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b))
}

function utcDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10)
}

/** Checks TC3-HMAC-SHA256 as the vendor's gateway does. Returns null for a right signature, else the gateway's error. */
export function checkSignature(request: ApiRequest, keyring: Keyring, nowMs: number): ApiReply | null {
  const invalid = 'The provided credentials could not be validated. Please check your'
  const auth = parseAuthorization(headerText(request, 'authorization'))
  if (auth === null) {
    const message = 'The request header `Authorization` is missing or not of the form of TC3-HMAC-SHA256.'
    return errorReply('AuthFailure.InvalidAuthorization', message)
  }
  const timestamp = headerText(request, 'x-tc-timestamp')
  if (!/^\d{1,11}$/.test(timestamp)) {
    return errorReply('MissingParameter', 'The request header `X-TC-Timestamp` is missing or not in seconds.')
  }
  const seconds = Number(timestamp)
  if (Math.abs(nowMs / 1000 - seconds) > maxClockSkewSeconds) {
    const message = 'The provided credentials are expired: the time stamp is more than 5 minutes off.'
    return errorReply('AuthFailure.SignatureExpire', message)
  }
  const credential = keyring.find(auth.secretId)
  if (credential === undefined) {
    const message = 'The SecretId is not found, please ensure that your SecretId is correct.'
    return errorReply('AuthFailure.SecretIdNotFound', message)
  }
  const matches =
    signsWhatItMust(auth.signedHeaders) &&
    auth.date === utcDate(seconds) &&
    isSame(auth.signature, expectedSignature(request, auth, timestamp, credential.secretKey))
  if (!matches) return errorReply('AuthFailure.SignatureFailure', `${invalid} signature is correct.`)
  if (credential.token !== undefined && headerText(request, 'x-tc-token') !== credential.token) {
    return errorReply('AuthFailure.TokenFailure', `${invalid} token.`)
  }
  if (nowMs >= (credential.expiresAtMs ?? Number.POSITIVE_INFINITY)) {
    return errorReply('AuthFailure.TokenFailure', 'The token has expired.')
  }
  return null
}
