import { parseTkeOptions, type TkeOidcCredentialOptions } from './options/credential-options.js'
import { assumeRoleWithWebIdentity } from './tencent/credentials/web-identity.js'
import type { DynamicCredential } from './types.js'

/**
 * Makes a provider of the keys of the role that TKE gives a pod's service account (OIDC): STS exchanges the pod's identity token
 * for them (`AssumeRoleWithWebIdentity`). It reads the token and asks STS on every call and keeps nothing, a failure neither:
 * the guard keeps the keys, and asks again before they expire.
 *
 * @example captchaGuard({ captchaAppId, appSecretKey, credential: tkeOidcCredential() })
 * @throws CaptchaConfigError on wrong and unknown options, and where neither an option nor the environment says what STS needs
 * @see https://cloud.tencent.com/document/product/1312/73070
 */
export function tkeOidcCredential(options: TkeOidcCredentialOptions = {}): DynamicCredential {
  const identity = parseTkeOptions(options)
  return { getCredential: () => assumeRoleWithWebIdentity(identity) }
}
