import { expect, test } from '@jest/globals'
import { callHook } from '../../lib/report/call-hook.js'

const fail = () => {
  throw new Error('hook')
}

test.each<[string, () => unknown]>([
  ['throws', fail],
  ['rejects', async () => fail()],
  ['returns', () => 5],
])('a hook that %s changes nothing', async (_, hook) => {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listen)
  expect(() => callHook(hook)).not.toThrow()
  await new Promise((resolve) => setTimeout(resolve, 10))
  process.off('unhandledRejection', listen)
  expect(unhandled).toEqual([])
})
