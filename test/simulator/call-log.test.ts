import { expect, it } from '@jest/globals'
import { createCallLog } from '../../lib/simulator/call-log.js'

it('The call log keeps the last 10 000 calls', () => {
  const log = createCallLog()
  for (let at = 0; at < 10_050; at += 1) {
    const call = { at, action: '', captchaAppId: null, userIp: null, ticket: '', outcome: '', aborted: false }
    log.add({ ...call, ticketKind: 'ordinary' })
  }
  expect(log.calls.length).toBe(10_000)
  expect(log.calls[0]?.at).toBe(50)
})

it('The call log returns a copy that later calls do not change', () => {
  const log = createCallLog()
  const before = log.calls
  log.add({
    at: 1,
    action: '',
    ticketKind: 'fallback',
    captchaAppId: null,
    userIp: null,
    ticket: '',
    outcome: '',
    aborted: false,
  })
  expect(before).toEqual([])
  expect(log.calls.length).toBe(1)
})
