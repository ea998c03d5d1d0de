import type { DegradationConfig, DegradationOptions } from '../../lib/option-types.js'
import { parseOptions } from '../../lib/options.js'

/** The package's own defaults, but for what a scenario is about. */
export function simulatedConfig(degradation: DegradationOptions): DegradationConfig {
  return parseOptions({
    captchaAppId: 190000001,
    appSecretKey: 'simulated',
    credential: { secretId: 'simulated', secretKey: 'simulated' },
    degradation,
  }).degradation
}
