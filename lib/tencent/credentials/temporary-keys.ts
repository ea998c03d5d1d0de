import type { ProvidedCredential } from '../../types.js'
import { CredentialError } from './read-credential.js'

/** Parses the body of a source of keys. Throws a {@link CredentialError} for anything but a JSON object. */
export function parseJsonObject(source: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // The parser's message quotes the text.
  }
  throw new CredentialError(`${source} answered no JSON object`)
}

/** Reads temporary keys in the vendor's spelling. Throws a {@link CredentialError} where one of them is missing. */
export function readTemporaryKeys(source: string, keys: unknown, expiredTime: unknown): ProvidedCredential {
  const { TmpSecretId, TmpSecretKey, Token } = isObject(keys) ? keys : {}
  if (!isText(TmpSecretId) || !isText(TmpSecretKey) || !isText(Token)) {
    throw new CredentialError(`${source} answered without keys`)
  }
  if (typeof expiredTime !== 'number') throw new CredentialError(`${source} answered keys without ExpiredTime`)
  return { secretId: TmpSecretId, secretKey: TmpSecretKey, token: Token, expiresAtMs: expiredTime * 1000 }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
