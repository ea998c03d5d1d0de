export type { SimulatedCall } from './call-log.js'
export type { SimulatorCredential } from './check-signature.js'
export type {
  ApiFault,
  ApiFaultName,
  ApiFaultOptions,
  CredentialFault,
  CredentialFaultName,
  ScheduledApiFault,
  ScriptFault,
  ScriptFaultName,
} from './faults.js'
export { apiFaults, credentialFaults, scriptFaults } from './faults.js'
export type { Simulator, SimulatorFaults, SimulatorOptions } from './simulator.js'
export { startSimulator } from './start-simulator.js'
export type { MintedTicket, MintTicketOptions, TicketChannel, TicketKind } from './ticket-book.js'
