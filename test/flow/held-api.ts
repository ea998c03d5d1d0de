import { once } from 'node:events'
import http, { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach } from '@jest/globals'
import { type Flow, type FlowSetup, startFlow } from './support.js'

export interface HeldFlow extends Flow {
  /** Keeps answers again, after {@link letGo}. */
  hold(): void
  /** Lets the answers go that Tencent has given, and keeps no more. */
  letGo(): void
}

const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
})

/** A flow whose API gets every call at once, while its answers are kept until the test lets them go. */
export async function startHeldFlow(setup: FlowSetup = {}): Promise<HeldFlow> {
  let simulatorUrl = ''
  let isHolding = true
  const held: (() => void)[] = []

  // The host that was signed for reaches the simulator, which checks the signature.
  async function forward(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const onward = http.request(simulatorUrl, { method: 'POST', headers: req.headers, agent: false }, (answer) => {
      const send = () => {
        res.writeHead(answer.statusCode ?? 0, answer.headers)
        answer.pipe(res)
      }
      if (isHolding) held.push(send)
      else send()
    })
    onward.on('error', () => res.destroy()).end(await buffer(req))
  }

  const server = createServer((req, res) => void forward(req, res))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const flow = await startFlow({ ...setup, options: { ...setup.options, endpoint } })
  simulatorUrl = flow.simulator.url
  return Object.assign(flow, {
    hold() {
      isHolding = true
    },
    letGo() {
      isHolding = false
      for (const send of held.splice(0)) send()
    },
  })
}
