import type { FleetStatus } from '../site/fleet-status.js'

/** `Symbol.for`, so that a status page of another installed copy of the package finds it. */
const fleetKey = Symbol.for('tencent-captcha-guard/fleet@1')

/** Gives a guard the statuses of its site's fleet, for entry points alone. */
export function withFleet<T extends object>(guard: T, fleet: FleetStatus): T {
  return Object.defineProperty(guard, fleetKey, { value: fleet })
}

/** The statuses of the fleet that a guard belongs to; `undefined` for what only looks like a guard. */
export function fleetOf(guard: object): Pick<FleetStatus, 'publish' | 'read'> | undefined {
  return (guard as { [fleetKey]?: FleetStatus })[fleetKey]
}
