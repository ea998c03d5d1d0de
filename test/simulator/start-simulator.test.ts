import { afterEach, expect, it } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { checkWeb, outcomeOf, sdkClient, webBody } from './call-api.js'

const started: Simulator[] = []
async function start(...options: Parameters<typeof startSimulator>): Promise<Simulator> {
  const simulator = await startSimulator(...options)
  started.push(simulator)
  return simulator
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((simulator) => simulator.close()))
})

it('The simulator has a default for every option', async () => {
  const simulator = await start()
  expect(simulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(simulator.scriptUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/TJCaptcha\.js$/)
  expect(simulator.controlUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/control$/)
  expect(simulator).toMatchObject({
    captchaAppId: 190000001,
    miniCaptchaAppId: 190000001,
    appSecretKey: 'simulatorAppSecretKey0000',
    credential: { secretId: 'AKIDsimulator', secretKey: 'simulatorSecretKey' },
    faults: { api: null, script: null },
  })
})

it('Two simulators in one process share nothing', async () => {
  const [one, two] = [await start(), await start()]
  one.setFault('internal_error')
  expect(await checkWeb(one, one.mintTicket())).toBe('error:InternalError')
  expect(await checkWeb(two, two.mintTicket())).toBe('code:1')
  expect(await checkWeb(two, one.mintTicket())).toBe('code:15')
  expect(two.calls.length).toBe(2)
})

it('The simulator closes while calls hang, without waiting for any of them, and can be closed twice', async () => {
  const simulator = await start()
  const faults = ['hang', 'hang_body', { kind: 'slow', delayMs: 60_000 }] as const
  const calls = faults.map((fault) => {
    const body = webBody(simulator, simulator.mintTicket({ fault }))
    return outcomeOf(sdkClient(simulator, { reqTimeout: 3 }).request('DescribeCaptchaResult', body))
  })
  while (simulator.calls.length < 3) await new Promise((resolve) => setImmediate(resolve))
  // A client that had given up before would say so.
  await simulator.close()
  for (const outcome of await Promise.all(calls)) expect(outcome).toMatch(/socket hang up|PREMATURE_CLOSE/)
  await simulator.close()
})

it('The simulator frees its ports on closing', async () => {
  const first = await start()
  await first.close()
  const ports = { port: Number(new URL(first.url).port), scriptPort: Number(new URL(first.scriptUrl).port) }
  const second = await start(ports)
  expect(second.url).toBe(first.url)
  expect(second.scriptUrl).toBe(first.scriptUrl)
})

it('The simulator stays closed after later changes of its faults', async () => {
  const simulator = await start()
  await simulator.close()
  simulator.setFault('refuse')
  simulator.setFault(null)
  await simulator.settled()
  expect(await checkWeb(simulator, { ticket: 'tr03x*' })).toMatch(/ECONNREFUSED/)
})

it('The simulator rejects when a port is taken, and leaves no port of its own open', async () => {
  const first = await start()
  const taken = Number(new URL(first.scriptUrl).port)
  await expect(startSimulator({ port: taken })).rejects.toThrow(/EADDRINUSE/)
  await expect(startSimulator({ scriptPort: taken })).rejects.toThrow(/EADDRINUSE/)
})

it('The simulator listens on loopback addresses alone unless allowNonLoopback is set', async () => {
  expect((await start({ host: 'localhost' })).url).toMatch(/^http:\/\/localhost:/)
  await expect(startSimulator({ host: '0.0.0.0' })).rejects.toThrow(/`host` is "0\.0\.0\.0".*`allowNonLoopback: true`/)
  await expect(startSimulator({ host: '::' })).rejects.toThrow(/allowNonLoopback/)
  await expect(startSimulator({ host: '127.evil.example' })).rejects.toThrow(/allowNonLoopback/)
  expect((await start({ host: '0.0.0.0', allowNonLoopback: true })).url).toMatch(/^http:\/\/0\.0\.0\.0:/)
})

it('The simulator does not start in production unless allowInProduction is set', async () => {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    await expect(startSimulator()).rejects.toThrow(/NODE_ENV.*`allowInProduction: true`/)
    expect((await start({ allowInProduction: true })).url).toMatch(/^http:/)
  } finally {
    process.env.NODE_ENV = before
  }
})

it.each([{ port: -1 }, { scriptPort: 65_536 }, { captchaAppId: 1.5 }, { miniCaptchaAppId: 0 }, { seed: Number.NaN }])(
  'The simulator refuses %j and names the option',
  async (options) => {
    await expect(startSimulator(options)).rejects.toThrow(new RegExp(`\`${Object.keys(options)[0]}\``))
  },
)
