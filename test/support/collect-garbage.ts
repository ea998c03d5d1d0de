import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects garbage now, in a process that was not started for it. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc')
  // What a weak reference was read of lives on until the turn of the event loop ends.
  await new Promise((resolve) => setImmediate(resolve))
  runInNewContext('gc')()
}
