import { simulatedConfig } from './simulated-config.js'

/** The outage purse's floor, in passes a minute and process, as the options default it. */
export function defaultFloorPerMinute(): number {
  return simulatedConfig({}).outage.total.floorPerMinute
}
