// Lives through an outage and reports the warnings that Node gave: those of a leak of listeners are what a test looks for.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import express from 'express'
import { captchaGuard, requireCaptcha } from '../../dist/esm/index.js'
import { startSimulator } from '../../dist/esm/simulator/index.js'

const warnings = []
process.on('warning', ({ name }) => warnings.push(name))

const callers = 40
const simulator = await startSimulator()
const { captchaAppId, appSecretKey, credential, url: endpoint, scriptUrl } = simulator
const options = {
  captchaAppId,
  appSecretKey,
  credential,
  endpoint,
  logger: false,
  timeoutMs: 400,
  degradation: { fallback: { scriptUrl }, circuit: { canaryIntervalMs: 50, canaryMaxIntervalMs: 100 } },
}
const guard = captchaGuard(options)
const observers = Array.from({ length: 12 }, () => captchaGuard({ ...options, mode: 'observe' }))
const app = express().set('trust proxy', 'loopback').use(express.json())
app.post('/', guard, ...observers, requireCaptcha(), (_req, res) => res.end())
const server = app.listen(0, '127.0.0.1')
await once(server, 'listening')

let sent = 0
const nextIp = () => `198.18.0.${sent++ % 250}`
const shutdown = new AbortController()

/** What people write who call the SDK with a deadline of their own: each call listens to the signal that all of them share. */
function askByHand() {
  const call = new AbortController()
  shutdown.signal.addEventListener('abort', () => call.abort())
  const body = JSON.stringify(simulator.mintTicket())
  return fetch(endpoint, { method: 'POST', body, signal: AbortSignal.any([call.signal, AbortSignal.timeout(400)]) })
}

async function post() {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': nextIp() }
  const body = JSON.stringify(simulator.mintTicket())
  await fetch(`http://127.0.0.1:${server.address().port}`, { method: 'POST', headers, body })
}

const ask = {
  'by hand': [() => askByHand().catch(() => {})],
  guarded: [() => guard.check({ ...simulator.mintTicket(), userIp: nextIp(), signal: shutdown.signal }), post],
}[process.argv[2]]

const askAll = () => Promise.all(ask.flatMap((one) => Array.from({ length: callers }, one)))
await askAll()
simulator.setFault('hang')
await askAll()
await askAll()
simulator.setFault(null)
const dueMs = performance.now() + 5000
while (guard.snapshot().circuit.state !== 'closed' && performance.now() < dueMs) await sleep(10)
await askAll()
// Node gives its warnings on a later tick.
await sleep(20)
process.send(warnings)
process.exit()
