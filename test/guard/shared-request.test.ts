import type { IncomingMessage } from 'node:http'
import { describe, expect, jest, test } from '@jest/globals'
import {
  giveBackPasses,
  type NotedClaim,
  type SharedBy,
  SharedRequest,
  sharedRequest,
} from '../../lib/guard/shared-request.js'
import type { PassResult } from '../../lib/site/ledger.js'

function granted(giveBack = () => {}): PassResult {
  return { kind: 'granted', used: 1, limit: 3, remaining: 9, giveBack }
}

function claim(purse: NotedClaim['purse'], setting: string, result: PassResult): NotedClaim {
  return { purse, setting, limitKey: 'client', result }
}

const exhausted: PassResult = { kind: 'exhausted', by: 'total', used: 0, limit: 3, remaining: 0 }
const owner: SharedBy = { site: {}, channel: 'web', ticket: 'tr03abc*', randstr: '@abc' }

describe('a request that guards share', () => {
  test('has drawn on a purse once a claim was granted there, by whichever setting', () => {
    const shared = new SharedRequest()
    expect([shared.hasDrawn('doubt'), shared.hasDrawn('outage')]).toEqual([false, false])
    shared.note(claim('doubt', '3-600000', granted()))
    expect([shared.hasDrawn('doubt'), shared.hasDrawn('outage')]).toEqual([true, false])
  })

  test('has drawn nothing where a claim was refused', () => {
    const shared = new SharedRequest()
    shared.note(claim('doubt', '3-600000', exhausted))
    shared.note(claim('outage', '20-60000', { kind: 'replayed' }))
    expect([shared.hasDrawn('doubt'), shared.hasDrawn('outage')]).toEqual([false, false])
  })

  test('gives back each granted claim once, and has drawn and passed nothing after that', () => {
    const shared = new SharedRequest()
    const [first, second, dropLate] = [jest.fn(), jest.fn(), jest.fn()]
    shared.note(claim('doubt', '3-600000', granted(first)))
    shared.note(claim('doubt', '2-600000', granted(second)))
    shared.note(claim('outage', '0-60000', exhausted))
    Object.assign(shared, { hasPassed: true, dropLate })
    shared.giveBack()
    shared.giveBack()
    for (const undo of [first, second, dropLate]) expect(undo).toHaveBeenCalledTimes(1)
    expect([shared.hasPassed, shared.hasDrawn('doubt')]).toEqual([false, false])
    expect(shared.resultOf('outage', '0-60000', 'client')).toBeUndefined()
  })

  test('knows a granted claim for every key of the client, and a refused one for the key that was refused', () => {
    const shared = new SharedRequest()
    const pass = granted()
    shared.note(claim('doubt', '3-600000', exhausted))
    shared.note(claim('outage', '20-60000', pass))
    expect(shared.resultOf('doubt', '3-600000', 'client')).toBe(exhausted)
    expect(shared.resultOf('doubt', '3-600000', 'other')).toBeUndefined()
    expect(shared.resultOf('doubt', '20-60000', 'client')).toBeUndefined()
    expect(shared.resultOf('outage', '20-60000', 'other')).toBe(pass)
  })

  test('has still passed after giving back where it drew nothing: Tencent verified it', () => {
    const shared = new SharedRequest()
    shared.hasPassed = true
    shared.note(claim('doubt', '3-600000', exhausted))
    shared.giveBack()
    expect(shared.hasPassed).toBe(true)
  })
})

describe('the note on a request', () => {
  test('is found again by its owner, and by no other', () => {
    const req = {} as IncomingMessage
    const shared = sharedRequest(req, owner)
    expect(sharedRequest(req, { ...owner })).toBe(shared)
    const others = [{ site: {} }, { channel: 'mini_program' as const }, { ticket: 'x' }, { randstr: 'x' }]
    for (const other of others) expect(sharedRequest(req, { ...owner, ...other })).not.toBe(shared)
    expect(sharedRequest({} as IncomingMessage, owner)).not.toBe(shared)
  })

  test('is no property of the request, where there are raw headers to keep it', () => {
    const req = { rawHeaders: ['Host', 'a.example'] } as IncomingMessage
    const shared = sharedRequest(req, owner)
    expect(Reflect.ownKeys(req)).toEqual(['rawHeaders'])
    expect([...req.rawHeaders]).toEqual(['Host', 'a.example'])
    expect(sharedRequest(req, { ...owner })).toBe(shared)
  })

  test('is given back with all others of the request', () => {
    const req = {} as IncomingMessage
    const undo = jest.fn()
    sharedRequest(req, owner).note(claim('doubt', '3', granted(undo)))
    sharedRequest(req, { ...owner, site: {} }).note(claim('outage', '20', granted(undo)))
    giveBackPasses(req, { headersSent: true })
    expect(undo).not.toHaveBeenCalled()
    giveBackPasses(req, { headersSent: false })
    expect(undo).toHaveBeenCalledTimes(2)
  })

  test('need not be there for passes to be given back', () => {
    expect(() => giveBackPasses({} as IncomingMessage, { headersSent: false })).not.toThrow()
  })
})
