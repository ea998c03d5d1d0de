import type { ProvidedCredential } from '../../types.js'
import { fetchText } from './fetch-text.js'
import { CredentialError } from './read-credential.js'
import { parseJsonObject, readTemporaryKeys } from './temporary-keys.js'
import { withSignal } from './with-signal.js'

/** The metadata service as every CVM sees it. */
export const cvmMetadataUrl = 'http://metadata.tencentyun.com/latest/meta-data/'

/** What a CAM role may be called. */
export const roleNamePattern = /^[\w+=,.@-]{1,128}$/

const source = 'the metadata service'

/** Where the keys of a CVM's role are. */
export interface CvmMetadata {
  readonly metadataUrl: URL
  /** The role; the one that is bound to the instance where it is not given. */
  readonly role: string | undefined
  /** One deadline for both requests. */
  readonly timeoutMs: number
}

/** Fetches the keys of the role that is bound to this CVM, anew each time. Rejects with a {@link CredentialError}. */
export function fetchRoleKeys({ metadataUrl, role, timeoutMs }: CvmMetadata): Promise<ProvidedCredential> {
  const roles = new URL('cam/security-credentials/', metadataUrl)
  return withSignal(timeoutMs, async (signal) => {
    const name = role ?? (await findRole(roles, signal))
    const text = await fetchText({ source, url: new URL(encodeURIComponent(name), roles), signal })
    const reply = parseJsonObject(source, text)
    if (reply.Code !== 'Success') throw new CredentialError(`${source} has no keys for the role`)
    return readTemporaryKeys(source, reply, reply.ExpiredTime)
  })
}

async function findRole(url: URL, signal: AbortSignal): Promise<string> {
  const [name = ''] = (await fetchText({ source, url, signal })).trim().split(/\s/, 1)
  if (roleNamePattern.test(name)) return name
  throw new CredentialError(`${source} names no role; is one bound to this instance?`)
}
