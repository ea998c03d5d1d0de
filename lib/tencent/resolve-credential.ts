import type { DynamicCredential, TencentCredential } from '../types.js'

export type CredentialResult =
  | { readonly kind: 'credential'; readonly credential: TencentCredential }
  | { readonly kind: 'failed'; readonly problem: string }

/** Fetches the keys for one call. A provider that rejects, or returns half of them, is the operator's to mend. */
export async function resolveCredential(source: DynamicCredential): Promise<CredentialResult> {
  try {
    const { secretId, secretKey, token } = (await source.getCredential()) ?? {}
    if (!isHeaderSafe(secretId) || !isHeaderSafe(secretKey)) {
      return { kind: 'failed', problem: 'getCredential() returned no usable keys' }
    }
    if (token && !isHeaderSafe(token)) return { kind: 'failed', problem: 'getCredential() returned an unusable token' }
    return { kind: 'credential', credential: { secretId, secretKey, ...(token && { token }) } }
  } catch {
    // The provider's message may quote the keys.
    return { kind: 'failed', problem: 'getCredential() rejected' }
  }
}

/** A character that a header cannot carry would throw out of the HTTP client. */
export function isHeaderSafe(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}
