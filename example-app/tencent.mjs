// @ts-check
import { StartError } from './settings.mjs'

/**
 * Where tickets are verified: at Tencent when there are credentials, else at a simulator on this machine.
 *
 * @param {import('./settings.mjs').Settings} settings
 */
export async function connectTencent({ tencent, isProduction }) {
  if (tencent) return { guardOptions: tencent, simulator: undefined }
  if (isProduction) {
    throw new StartError(
      'NODE_ENV is "production" and there are no Tencent credentials. Set CAPTCHA_APP_ID, CAPTCHA_APP_SECRET_KEY, TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY.',
    )
  }
  // Imported only here: a site in production never loads it.
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
