import { expect, jest, test } from '@jest/globals'
import { SharedListeners } from '../../lib/structures/shared-listeners.js'

const abortListeners = () =>
  new SharedListeners<AbortSignal>((signal, run) => signal.addEventListener('abort', run, { once: true }))

test('any number of callbacks are one listener of their emitter, and all of them run once', () => {
  const controller = new AbortController()
  const addEventListener = jest.spyOn(controller.signal, 'addEventListener')
  const listeners = abortListeners()
  const ran: number[] = []
  for (let index = 0; index < 100; index++) listeners.add(controller.signal, () => ran.push(index))
  controller.abort()
  controller.abort()
  expect(ran).toEqual(Array.from({ length: 100 }, (_, index) => index))
  expect(addEventListener).toHaveBeenCalledTimes(1)
})

test('a callback that was taken back does not run, and those of another emitter neither', () => {
  const [first, second] = [new AbortController(), new AbortController()]
  const listeners = abortListeners()
  const ran: string[] = []
  const takeBack = listeners.add(first.signal, () => ran.push('taken back'))
  listeners.add(first.signal, () => ran.push('first'))
  listeners.add(second.signal, () => ran.push('second'))
  takeBack()
  first.abort()
  expect(ran).toEqual(['first'])
})
