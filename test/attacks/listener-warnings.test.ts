import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from '@jest/globals'

async function warningsOf(way: 'by hand' | 'guarded'): Promise<readonly string[]> {
  const [warnings] = await once(fork('test/attacks/warnings-process.mjs', [way], { execArgv: [] }), 'message')
  return warnings as readonly string[]
}

test('calls that share a signal are a leak to Node where each listens by itself', async () => {
  expect(await warningsOf('by hand')).toContain('MaxListenersExceededWarning')
}, 30_000)

test('an outage with late verification, thirteen guards on one response and one signal for many checks gives no warning', async () => {
  expect(await warningsOf('guarded')).toEqual([])
}, 30_000)
