import { readFile } from 'node:fs/promises'
import type { ProvidedCredential } from '../../types.js'
import { fetchText } from './fetch-text.js'
import { CredentialError } from './read-credential.js'
import { parseJsonObject, readTemporaryKeys } from './temporary-keys.js'
import { withSignal } from './with-signal.js'

/** STS on the mainland, from the internet. */
export const stsEndpoint = 'https://sts.tencentcloudapi.com'

const source = 'STS'
const action = 'AssumeRoleWithWebIdentity'
const version = '2018-08-13'

/** What a workload shows STS to get the keys of a role. */
export interface WebIdentity {
  readonly endpoint: URL
  readonly region: string
  readonly providerId: string
  readonly roleArn: string
  /** File with the identity token. */
  readonly tokenFile: string
  readonly sessionName: string
  /** How long the keys are to be valid. */
  readonly durationSeconds: number
  readonly timeoutMs: number
}

/** Exchanges the identity token for keys. The request is not signed: the token proves the caller. Rejects with a {@link CredentialError}. */
export async function assumeRoleWithWebIdentity(identity: WebIdentity): Promise<ProvidedCredential> {
  const { endpoint, region, providerId, roleArn, tokenFile, sessionName, durationSeconds, timeoutMs } = identity
  const parameters = {
    ProviderId: providerId,
    // Read anew each time: the cluster replaces the token, usually every hour.
    WebIdentityToken: await readToken(tokenFile),
    RoleArn: roleArn,
    RoleSessionName: sessionName,
    DurationSeconds: durationSeconds,
  }
  const headers = {
    'Content-Type': 'application/json',
    Authorization: 'SKIP',
    'X-TC-Action': action,
    'X-TC-Version': version,
    'X-TC-Region': region,
    'X-TC-Timestamp': String(Math.floor(Date.now() / 1000)),
  }
  const body = JSON.stringify(parameters)
  const text = await withSignal(timeoutMs, (signal) => fetchText({ source, url: endpoint, signal, headers, body }))
  const { Response } = parseJsonObject(source, text) as { Response?: StsResponse | null }
  if (Response?.Error) throw new CredentialError(`${source} answered ${errorCodeOf(Response.Error)}`)
  return readTemporaryKeys(source, Response?.Credentials, Response?.ExpiredTime)
}

interface StsResponse {
  readonly Error?: { readonly Code?: unknown } | null
  readonly Credentials?: unknown
  readonly ExpiredTime?: unknown
}

async function readToken(path: string): Promise<string> {
  let token: string
  try {
    token = (await readFile(path, 'utf8')).trim()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CredentialError(`the file of the identity token cannot be read (${code})`)
  }
  if (token === '') throw new CredentialError('the file of the identity token is empty')
  return token
}

/** A code of the usual spelling; anything else might quote the token. */
function errorCodeOf({ Code }: { readonly Code?: unknown }): string {
  return typeof Code === 'string' && /^[A-Za-z]+(\.[A-Za-z]+)*$/.test(Code) && Code.length <= 100 ? Code : 'an error'
}
