import type { Circuit } from './circuit.js'
import type { OutageWatch } from './outage-watch.js'

/** Brings the watch up to what the circuit has seen; a brown-out also ends by time alone. */
export function updateApiWatch(watch: OutageWatch, circuit: Circuit): void {
  const { state, why } = circuit.snapshot()
  if (state === 'closed') watch.move('healthy', 'the API answers')
  else if (circuit.evidence() === 'outage')
    watch.move('outage', state === 'open' ? `circuit open: ${why}` : 'brown-out: canaries fail')
  else watch.move('suspect', why ?? 'calls fail')
}
