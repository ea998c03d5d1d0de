import { expect, test } from '@jest/globals'
import { InFlight } from '../../lib/site/in-flight.js'

function enterTimes(inFlight: InFlight, clientKey: string, times: number, isKnown = true): (() => void)[] {
  return Array.from({ length: times }, () => inFlight.enter(clientKey, isKnown)).filter((leave) => leave !== undefined)
}

test('one client with history gets a sixteenth of the room', () => {
  const inFlight = new InFlight(2048)
  expect(enterTimes(inFlight, 'a', 1000)).toHaveLength(128)
  expect(enterTimes(inFlight, 'b', 1000)).toHaveLength(128)
  expect(inFlight.total).toBe(256)
})

test('one client without history gets a sixty-fourth of the room', () => {
  const inFlight = new InFlight(2048)
  expect(enterTimes(inFlight, 'a', 1000, false)).toHaveLength(32)
  expect(enterTimes(inFlight, 'a', 1000, true)).toHaveLength(96)
})

test('where a sixteenth is less than one, it is one', () => {
  const inFlight = new InFlight(3)
  expect(enterTimes(inFlight, 'a', 10)).toHaveLength(1)
  expect(enterTimes(inFlight, 'b', 10)).toHaveLength(1)
})

test('sixteen clients can fill the room, and the next finds none', () => {
  const inFlight = new InFlight(32)
  for (let client = 0; client < 16; client++) expect(enterTimes(inFlight, `client ${client}`, 2)).toHaveLength(2)
  expect(inFlight.enter('late', true)).toBeUndefined()
})

test('a verification that ends makes room for the same client and for others', () => {
  const inFlight = new InFlight(1)
  const leave = inFlight.enter('a', true)
  expect(inFlight.enter('b', true)).toBeUndefined()
  leave?.()
  expect(inFlight.total).toBe(0)
  const leaveAgain = inFlight.enter('a', true)
  leaveAgain?.()
  expect(inFlight.enter('b', true)).toBeDefined()
})

test('refused verifications take no room', () => {
  const inFlight = new InFlight(16)
  const [leave] = enterTimes(inFlight, 'a', 1000)
  leave?.()
  expect(inFlight.total).toBe(0)
  expect(enterTimes(inFlight, 'a', 1000)).toHaveLength(1)
})

test('clients without history have half of the room together, and those with it the whole', () => {
  const inFlight = new InFlight(64)
  const enter = (name: string, isKnown: boolean, times: number) =>
    [...Array(times)].map((_, index) => inFlight.enter(`${name} ${index}`, isKnown)).filter(Boolean)
  const strangers = enter('stranger', false, 64)
  expect(strangers).toHaveLength(32)
  expect(enter('known', true, 64)).toHaveLength(32)
  strangers[0]?.()
  expect(enter('other', false, 2)).toHaveLength(1)
})

test('a client with history that leaves makes no room for those without', () => {
  const inFlight = new InFlight(64)
  for (let client = 0; client < 32; client++) inFlight.enter(`stranger ${client}`, false)
  inFlight.enter('known', true)?.()
  expect(inFlight.enter('late', false)).toBeUndefined()
})

test('room for less than four is not shared: clients without history may have the whole', () => {
  const strangersIn = (max: number) => {
    const inFlight = new InFlight(max)
    return [...Array(max)].filter((_, client) => inFlight.enter(`stranger ${client}`, false)).length
  }
  expect([1, 2, 3, 4, 5].map(strangersIn)).toEqual([1, 2, 3, 2, 3])
})

test('of several verifications of one client, one that ends makes room for one', () => {
  const inFlight = new InFlight(32)
  const [leave] = enterTimes(inFlight, 'a', 2)
  leave?.()
  expect(enterTimes(inFlight, 'a', 2)).toHaveLength(1)
})

test('there is room to spare while less than half of it is taken', () => {
  const inFlight = new InFlight(4)
  expect(inFlight.hasRoomToSpare).toBe(true)
  inFlight.enter('a', true)
  expect(inFlight.hasRoomToSpare).toBe(true)
  const leave = inFlight.enter('b', true)
  expect(inFlight.hasRoomToSpare).toBe(false)
  leave?.()
  expect(inFlight.hasRoomToSpare).toBe(true)
})
