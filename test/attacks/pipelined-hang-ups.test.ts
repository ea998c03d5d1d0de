import { connect } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import type { Request } from 'express'
import type { ApiFault } from '../../lib/simulator/index.js'
import { expressVersions, type Flow, startFlow, until } from '../flow/support.js'

interface PipelinedFlow {
  readonly flow: Flow
  readonly requests: readonly Request[]
}

async function startPipelined(
  fault: ApiFault,
  { express, timeoutMs = 5000 }: { express: (typeof expressVersions)[number][1]; timeoutMs?: number },
): Promise<PipelinedFlow> {
  const requests: Request[] = []
  const flow = await startFlow({
    express,
    options: { timeoutMs },
    time: 'system',
    // The flow's own count of visits listens to the response, which does not close here.
    route: (guard) => [
      (req, _res, next) => {
        requests.push(req)
        next()
      },
      guard,
    ],
  })
  flow.simulator.setFault(fault, { only: 'ordinary' })
  return { flow, requests }
}

/** Sends the tickets in one write on one connection, and hangs up while Tencent is asked about all of them. */
async function hangUp({ flow, requests }: PipelinedFlow, tickets: readonly object[]): Promise<void> {
  const connection = connect(Number(new URL(flow.url).port), '127.0.0.1')
  for (const ticket of tickets) {
    const body = JSON.stringify(ticket)
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    connection.write(`${head}\r\n\r\n${body}`)
  }
  await until(() => flow.guard.snapshot().inFlight === tickets.length)
  connection.destroy()
  await until(() => requests.every(({ socket }) => socket.destroyed))
}

// Node closes no response that waits behind another one on its connection.
describe.each(expressVersions)(
  'a client that hangs up over several requests of one connection, on %s',
  (_name, express) => {
    test('has the handler run for none of them, and each ticket is good when it is sent again', async () => {
      const pipelined = await startPipelined({ kind: 'slow', delayMs: 700 }, { express })
      const { flow } = pipelined
      const tickets = Array.from({ length: 12 }, () => flow.mint())
      await hangUp(pipelined, tickets)
      await until(() => flow.guard.snapshot().inFlight === 0)
      expect(flow.handled).toBe(0)
      for (const ticket of tickets) expect((await flow.send(ticket)).status).toBe(200)
    })

    test('leaves no pass drawn', async () => {
      const pipelined = await startPipelined('hang', { express, timeoutMs: 700 })
      const { flow } = pipelined
      await hangUp(pipelined, [flow.mint(), flow.mint(), flow.mint()])
      await until(() => flow.guard.snapshot().inFlight === 0)
      expect(flow.handled).toBe(0)
      expect(flow.guard.snapshot().purses.doubt.taken).toBe(0)
    })

    test('is charged for every call that runs on without it', async () => {
      const pipelined = await startPipelined('hang', { express })
      const { flow } = pipelined
      await hangUp(
        pipelined,
        Array.from({ length: 10 }, () => flow.mint()),
      )
      expect((await flow.send(flow.mint(), { ip: '127.0.0.1' })).captcha?.reason).toBe('rate_limited')
    })
  },
)
