export type { SimulatedCall } from './call-log.js'
export type { SimulatorCredential } from './check-signature.js'
export type {
  ApiFault,
  ApiFaultName,
  ApiFaultOptions,
  ScheduledApiFault,
  ScriptFault,
  ScriptFaultName,
} from './faults.js'
export { apiFaults, scriptFaults } from './faults.js'
export type { Simulator, SimulatorFaults, SimulatorOptions } from './simulator.js'
export { startSimulator } from './start-simulator.js'
export type { MintedTicket, MintTicketOptions, TicketChannel, TicketKind } from './ticket-book.js'
