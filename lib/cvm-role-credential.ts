import { type CvmRoleCredentialOptions, parseCvmOptions } from './options/credential-options.js'
import { fetchRoleKeys } from './tencent/credentials/cvm-metadata.js'
import type { DynamicCredential } from './types.js'

/**
 * Makes a provider of the keys of the CAM role that is bound to this CVM. It asks the metadata service on every call and keeps
 * nothing, a failure neither: the guard keeps the keys, and asks again before they expire.
 *
 * @example captchaGuard({ captchaAppId, appSecretKey, credential: cvmRoleCredential() })
 * @throws CaptchaConfigError on wrong and unknown options
 * @see https://cloud.tencent.com/document/product/598/85616
 */
export function cvmRoleCredential(options: CvmRoleCredentialOptions = {}): DynamicCredential {
  const metadata = parseCvmOptions(options)
  return { getCredential: () => fetchRoleKeys(metadata) }
}
