import { fork } from 'node:child_process'
import { getMaxListeners, once } from 'node:events'
import { expect, test } from '@jest/globals'

async function warningsOf(way: 'by hand' | 'guarded'): Promise<readonly string[]> {
  const [warnings] = await once(fork('test/attacks/warnings-process.mjs', [way], { execArgv: [] }), 'message')
  return warnings as readonly string[]
}

test('calls that share a signal are a leak to Node where each listens by itself and Node bounds the listeners of a signal', async () => {
  // Node 20 does; 22 and later do not.
  const isBounded = getMaxListeners(new AbortController().signal) > 0
  expect(await warningsOf('by hand')).toEqual(isBounded ? ['MaxListenersExceededWarning'] : [])
}, 30_000)

test('an outage with late verification, thirteen guards on one response and one signal for many checks gives no warning', async () => {
  expect(await warningsOf('guarded')).toEqual([])
}, 30_000)
