import { expect, test } from '@jest/globals'
import { LinkedQueue } from '../../lib/structures/linked-queue.js'

/** A queue with these items, and the place of each. */
function queueOf(...items: string[]) {
  const queue = new LinkedQueue<string>()
  return { queue, places: items.map((item) => queue.add(item)) }
}

test('an empty queue has no first item', () => {
  const { queue } = queueOf()
  expect([queue.size, queue.first, queue.drain()]).toEqual([0, undefined, []])
})

test('items are held in the order in which they came', () => {
  const { queue } = queueOf('a', 'b', 'c')
  expect([queue.size, queue.first?.item]).toEqual([3, 'a'])
  expect(queue.drain()).toEqual(['a', 'b', 'c'])
  expect([queue.size, queue.first]).toEqual([0, undefined])
})

test.each([
  { leaves: 0, left: ['b', 'c'] },
  { leaves: 1, left: ['a', 'c'] },
  { leaves: 2, left: ['a', 'b'] },
])('the item at $leaves leaves, and the others stay in order', ({ leaves, left }) => {
  const { queue, places } = queueOf('a', 'b', 'c')
  expect(queue.remove(places[leaves] as (typeof places)[number])).toBe(true)
  expect([queue.size, queue.first?.item]).toEqual([2, left[0]])
  queue.add('d')
  expect(queue.drain()).toEqual([...left, 'd'])
})

test('an item that has left leaves no second time, and holds none of the others', () => {
  const { queue, places } = queueOf('a', 'b', 'c')
  const [, second] = places as [unknown, (typeof places)[number]]
  queue.remove(second)
  expect(queue.remove(second)).toBe(false)
  expect([queue.size, second.before, second.after]).toEqual([2, undefined, undefined])
})

test('a queue whose only item has left takes new ones', () => {
  const { queue, places } = queueOf('a')
  queue.remove(places[0] as (typeof places)[number])
  queue.add('b')
  expect([queue.size, queue.first?.item]).toEqual([1, 'b'])
  expect(queue.drain()).toEqual(['b'])
})
