import type { CaptchaGuardOptions } from 'tencent-captcha-guard'
import type { Simulator } from 'tencent-captcha-guard/simulator'
import { type Settings, StartError } from './settings.js'

/** What verifies the tickets: Tencent itself, or a simulator of it. */
export interface Tencent {
  readonly guardOptions: CaptchaGuardOptions
  readonly simulator?: Simulator
}

/** Returns the guard's options for Tencent when there are credentials; else starts a simulator on this machine. */
export async function connectTencent({ tencent, isProduction }: Settings): Promise<Tencent> {
  if (tencent) return { guardOptions: tencent }
  if (isProduction) {
    throw new StartError(
      'NODE_ENV is "production" and there are no Tencent credentials. Set CAPTCHA_APP_ID, CAPTCHA_APP_SECRET_KEY, TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.',
    )
  }
  // Imported only here, so that a site in production does not load it.
  const { startSimulator } = await import('tencent-captcha-guard/simulator')
  const simulator = await startSimulator()
  const { captchaAppId, appSecretKey, credential, url, scriptUrl } = simulator
  return {
    simulator,
    guardOptions: {
      captchaAppId,
      appSecretKey,
      credential,
      endpoint: url,
      degradation: { fallback: { scriptUrl } },
    },
  }
}
