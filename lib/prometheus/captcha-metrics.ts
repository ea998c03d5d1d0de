import type { Registry, RegistryContentType } from 'prom-client'
import type { CaptchaGuard } from '../guard/guard-types.js'
import { EventMetrics } from './event-metrics.js'
import { NamedGuards } from './named-guards.js'
import { registerSnapshotMetrics } from './snapshot-metrics.js'

/** A registry of prom-client 15 or later, of either format. */
export type MetricsRegistry = Registry<RegistryContentType>

/** Metrics that are registered. */
export interface CaptchaMetrics {
  /** Takes the metrics off the registry and stops counting. */
  close(): void
}

/**
 * Puts the metrics of guards on a registry of prom-client. Counters and histograms count from now on; gauges are read when the
 * registry is scraped. What belongs to a site (paths, circuit, endpoints, calls, store, override, credential) is shown at each
 * guard of it, so aggregate it with `max`, not with `sum`.
 *
 * @param guards one guard, whose label `guard` is then `default`, or several by the value of that label
 * @param register the registry of the application
 * @example
 * import { register } from 'prom-client'
 * captchaMetrics({ login, comment }, register)
 * app.get('/metrics', async (req, res) => res.type(register.contentType).send(await register.metrics()))
 * @throws TypeError on what is no guard, and when the registry has metrics of this package already
 */
export function captchaMetrics(
  guards: CaptchaGuard | Readonly<Record<string, CaptchaGuard>>,
  register: MetricsRegistry,
): CaptchaMetrics {
  const named = new NamedGuards(guards)
  const registry = register as Registry
  if (typeof registry?.getSingleMetric !== 'function') {
    throw new TypeError(
      'tencent-captcha-guard: captchaMetrics() needs a registry of prom-client as its second argument.',
    )
  }
  if (registry.getSingleMetric('tencent_captcha_guard_info') !== undefined) {
    throw new TypeError(
      'tencent-captcha-guard: the registry has these metrics already. Pass all guards in one call, captchaMetrics({ login, pay }, register), or close() the first ones.',
    )
  }
  const events = new EventMetrics(named, registry)
  const names = [...registerSnapshotMetrics(named, registry), ...events.names]
  return {
    close() {
      events.close()
      for (const name of names.splice(0)) registry.removeSingleMetric(name)
    },
  }
}
