import { lastEpochMs } from '../../clock.js'
import type { DynamicCredential, TencentCredential } from '../../types.js'

/** What one call of a provider brought. */
export type CredentialResult =
  | {
      readonly kind: 'credential'
      readonly credential: TencentCredential
      /** Milliseconds since 1970; `undefined` where the provider names no expiry. */
      readonly expiresAtMs: number | undefined
    }
  | { readonly kind: 'failed'; readonly problem: string }

/** Calls a provider once. Never rejects: a provider that rejects, or returns half of the keys, is the operator's to mend. */
export async function readCredential(provider: DynamicCredential): Promise<CredentialResult> {
  try {
    const given = (await provider.getCredential()) ?? {}
    // A promise in the place of a key is no key; unhandled, its rejection would end the process.
    for (const member of Object.values(given)) Promise.resolve(member).catch(() => {})
    const { secretId, secretKey, token, expiresAtMs } = given
    if (!isHeaderSafe(secretId) || !isHeaderSafe(secretKey)) return failed('getCredential() returned no usable keys')
    if (token && !isHeaderSafe(token)) return failed('getCredential() returned an unusable token')
    if (expiresAtMs !== undefined && expiresAtMs !== null && !Number.isFinite(expiresAtMs)) {
      return failed('getCredential() returned an expiresAtMs that is no number of milliseconds')
    }
    const credential = { secretId, secretKey, ...(token && { token }) }
    // The largest of all numbers, or nanoseconds, are no date.
    const isDate = typeof expiresAtMs === 'number' && expiresAtMs <= lastEpochMs
    return { kind: 'credential', credential, expiresAtMs: isDate ? expiresAtMs : undefined }
  } catch (error) {
    return failed(safeProblem(error) ?? 'getCredential() rejected')
  }
}

function failed(problem: string): CredentialResult {
  return { kind: 'failed', problem }
}

/** `Symbol.for`, so that another installed copy of the package recognises the errors of this one. */
const safeToLog = Symbol.for('tencent-captcha-guard/safe-to-log')

/** A failure of a provider of this package: its message is written so that it quotes no key, and is logged. */
export class CredentialError extends Error {
  override readonly name = 'CredentialError'
  readonly [safeToLog] = true
}

/** Any other provider's message may quote the keys. */
function safeProblem(error: unknown): string | undefined {
  try {
    return error instanceof Error && Object.hasOwn(error, safeToLog) ? String(error.message) : undefined
  } catch {
    return undefined
  }
}

/** A character that a header cannot carry would throw out of the HTTP client. */
export function isHeaderSafe(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)
}
