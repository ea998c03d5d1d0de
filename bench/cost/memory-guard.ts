import { parseOptions } from '../../lib/options/config.js'
import { Degradation } from '../../lib/site/site.js'
import { VirtualClock } from '../outage-simulation/virtual-clock.js'

const silent = { started() {}, ended() {} }

/** What one guard remembers, with default options, on a clock that the benchmark turns; probe and canary find all well. */
export function memoryGuard(expectedPerMinute?: number): {
  readonly clock: VirtualClock
  readonly degradation: Degradation
} {
  const clock = new VirtualClock()
  const { degradation: config } = parseOptions({
    captchaAppId: 190000001,
    appSecretKey: 'benchmark',
    credential: { secretId: 'benchmark', secretKey: 'benchmark' },
    degradation: { expectedPerMinute },
  })
  const degradation = new Degradation({
    config,
    timeoutMs: 2000,
    captchaAppId: 190000001,
    clock,
    runCanary: async () => 'healthy',
    probeScript: async () => 'reachable',
    store: undefined,
    listener: {
      api: silent,
      clientPath: silent,
      override() {},
      storeDown() {},
      storeUp() {},
      storeCorrupted() {},
      circuitChanged() {},
    },
  })
  return { clock, degradation }
}
