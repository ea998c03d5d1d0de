import { type DegradationConfig, parseOptions } from '../../lib/options/config.js'
import type { DegradationOptions } from '../../lib/options/options.js'

/** The package's own defaults, but for what a scenario is about. */
export function simulatedConfig(degradation: DegradationOptions): DegradationConfig {
  return parseOptions({
    captchaAppId: 190000001,
    appSecretKey: 'simulated',
    credential: { secretId: 'simulated', secretKey: 'simulated' },
    degradation,
  }).degradation
}
