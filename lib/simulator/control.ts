import type { ApiFault, ApiFaultOptions } from './api-fault.js'
import type { SimulatedCall } from './call-log.js'
import { parseApiFault, parseApiFaultOptions, parseScriptFault, rejectScopedRefusal } from './parse-fault.js'
import type { ScriptFault } from './script-fault.js'
import type { Simulator, SimulatorFaults } from './simulator.js'

const SHOWN_CALLS = 50

/** What `GET /control` tells. */
export interface ControlState {
  readonly faults: SimulatorFaults
  readonly scriptHits: number
  readonly redirectHits: number
  readonly totalCalls: number
  /** The last 50 calls, oldest first. */
  readonly calls: readonly SimulatedCall[]
}

export function controlState(simulator: Simulator): ControlState {
  const { calls, faults, scriptHits, redirectHits } = simulator
  return { faults, scriptHits, redirectHits, totalCalls: calls.length, calls: calls.slice(-SHOWN_CALLS) }
}

interface ControlChange {
  readonly api?: { readonly fault: ApiFault | null; readonly options: ApiFaultOptions }
  readonly script?: ScriptFault | null
}

function parseChange(body: Record<string, unknown>): ControlChange {
  for (const key of Object.keys(body)) {
    if (!['api', 'options', 'script'].includes(key)) {
      throw new TypeError(`unknown key ${JSON.stringify(key)}; there are api, options and script`)
    }
  }
  const { api, options, script } = body
  if (api === undefined && options !== undefined) throw new TypeError('options need an api fault to go with')
  const fault = api === undefined || api === null ? null : parseApiFault(api)
  const scope = parseApiFaultOptions(options)
  if (fault !== null) rejectScopedRefusal(fault, scope)
  return {
    ...(api === undefined ? {} : { api: { fault, options: scope } }),
    ...(script === undefined ? {} : { script: script === null ? null : parseScriptFault(script) }),
  }
}

/** Carries out `PUT /control`: all of the change or, with a TypeError, nothing. */
export function putControl(simulator: Simulator, body: Record<string, unknown>): void {
  const { api, script } = parseChange(body)
  if (api !== undefined) simulator.setFault(api.fault, api.options)
  if (script !== undefined) simulator.setScriptFault(script)
}
