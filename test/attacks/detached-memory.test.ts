import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, expect, test } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { clientIp, until } from '../flow/support.js'
import { postAndHangUp } from './callers.js'

const detachedCalls = 2048
const warmUpCalls = 256
const bodyBytes = 100_000

interface Memory {
  readonly bytes: number
  readonly inFlight: number
  readonly gone: number
}

let simulator: Simulator
let app: ChildProcess

afterEach(async () => {
  app.kill()
  await simulator.close()
})

async function memory(): Promise<Memory> {
  const answer = once(app, 'message')
  app.send('memory')
  return (await answer)[0] as Memory
}

async function memoryWhen(isSo: (memory: Memory) => boolean): Promise<Memory> {
  for (;;) {
    const now = await memory()
    if (isSo(now)) return now
  }
}

test.each(['application/json', 'application/x-www-form-urlencoded'])(
  'callers that leave 2048 calls under way, with %s bodies of 100 kB, fill no memory with them',
  async (contentType) => {
    simulator = await startSimulator()
    simulator.setFault('hang')
    const { captchaAppId, appSecretKey, credential, url: endpoint } = simulator
    const options = JSON.stringify({ captchaAppId, appSecretKey, credential, endpoint })
    app = fork('test/attacks/detached-memory-app.mjs', [options], { execArgv: ['--expose-gc'] })
    const [{ port }] = (await once(app, 'message')) as [{ port: number }]
    const url = `http://127.0.0.1:${port}/`
    const padding = 'x'.repeat(bodyBytes)
    const leaveCalls = async (from: number, to: number) => {
      const seen = simulator.calls.length + to - from
      const areAsked = until(() => simulator.calls.length >= seen, 20_000)
      const callers = Array.from({ length: to - from }, (_, offset) => {
        const token = { ...simulator.mintTicket(), padding }
        return postAndHangUp(url, token, clientIp(from + offset), areAsked, contentType)
      })
      await Promise.all(callers)
    }
    // What the process needs once for all is there after the first calls.
    await leaveCalls(0, warmUpCalls)
    const before = await memoryWhen(({ gone }) => gone >= warmUpCalls)
    for (let index = warmUpCalls; index < detachedCalls; index += 128) await leaveCalls(index, index + 128)
    const after = await memoryWhen(({ gone }) => gone >= detachedCalls)
    expect(after.inFlight).toBe(detachedCalls)
    const bytesEach = (after.bytes - before.bytes) / (detachedCalls - warmUpCalls)
    expect(bytesEach * detachedCalls).toBeLessThan(20_000_000)
  },
  60_000,
)
