import { expect, jest, test } from '@jest/globals'
import { callHook } from '../../lib/report/call-hook.js'
import { unhandledRejectionsDuring } from './lines.js'

const fail = () => {
  throw new Error('hook')
}
// biome-ignore lint/suspicious/noThenProperty: promises of another library are the case.
const foreign = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error('hook')) }
// biome-ignore lint/suspicious/noThenProperty: see above
const throwing = { then: fail }

test.each<[string, () => unknown]>([
  ['throws', fail],
  ['rejects', async () => fail()],
  ['returns a promise of another library that rejects', () => foreign],
  ['returns a promise of another library whose then throws', () => throwing],
  ['returns a value', () => 5],
  ['returns null', () => null],
])('a hook that %s changes nothing, and is called once', async (_, act) => {
  const hook = jest.fn(act)
  const unhandled = await unhandledRejectionsDuring(() => expect(() => callHook(hook)).not.toThrow())
  expect(unhandled).toEqual([])
  expect(hook).toHaveBeenCalledTimes(1)
})
