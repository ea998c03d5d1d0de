import { randomBytes } from 'node:crypto'
import type { Keyring, SimulatorCredential } from './check-signature.js'

/** A temporary key pair as the vendor's services return it. */
export interface IssuedKeys {
  readonly TmpSecretId: string
  readonly TmpSecretKey: string
  readonly Token: string
  /** Seconds since 1970. */
  readonly ExpiredTime: number
  /** The same, ISO 8601. */
  readonly Expiration: string
}

/** The keys that the API accepts: the fixed pair, and temporary ones with their token until they expire. */
export interface TemporaryKeys extends Keyring {
  /** Makes a pair that is valid for so many seconds; a negative number makes one that has expired. */
  issue(lifetimeSeconds: number): IssuedKeys
  /** Forgets every temporary pair. */
  revoke(): void
}

const capacity = 1000

/** Makes a keyring that keeps the last 1000 temporary pairs. */
export function createTemporaryKeys(fixed: SimulatorCredential, now: () => number): TemporaryKeys {
  const issued = new Map<string, SimulatorCredential & { readonly expiresAtMs: number }>()
  return {
    find: (secretId) => (secretId === fixed.secretId ? fixed : issued.get(secretId)),
    issue(lifetimeSeconds) {
      const seconds = Math.floor(now() / 1000) + lifetimeSeconds
      const [secretId, secretKey, token] = [`AKIDtemporary${hex(8)}`, hex(16), hex(48)]
      issued.set(secretId, { secretId, secretKey, token, expiresAtMs: seconds * 1000 })
      for (const oldest of issued.keys()) {
        if (issued.size <= capacity) break
        issued.delete(oldest)
      }
      const Expiration = new Date(seconds * 1000).toISOString()
      return { TmpSecretId: secretId, TmpSecretKey: secretKey, Token: token, ExpiredTime: seconds, Expiration }
    },
    revoke: () => issued.clear(),
  }
}

function hex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
