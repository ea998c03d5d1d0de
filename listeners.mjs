import http from 'node:http'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { spawn } from 'node:child_process'
import express from 'express'
import Redis from 'ioredis'
import * as sdk from 'tencentcloud-sdk-nodejs-captcha'
const root = process.argv[2]
const at = (f) => import(pathToFileURL(`${root}/dist/esm/${f}`).href)
const { captchaGuard, requireCaptcha } = await at('index.js')
const { startSimulator } = await at('simulator/index.js')
const { redisStore } = await at('store/redis/index.js')
let warnings = []
process.on('warning', (w) => warnings.push(`${w.name}: ${w.message.slice(0, 160)}`))
const wait = (ms) => new Promise((r) => setTimeout(r, ms))
async function run(name, { options = () => ({}), chain = (g) => [g], check = false, faults = ['hang', 'internal_error', 'reset', 'refuse'] } = {}) {
  warnings = []
  const simulator = await startSimulator()
  const base = { captchaAppId: simulator.captchaAppId, appSecretKey: simulator.appSecretKey, logger: false, timeoutMs: 400, degradation: { fallback: { scriptUrl: simulator.scriptUrl }, circuit: { consecutiveFailures: 1, canaryIntervalMs: 50, canaryMaxIntervalMs: 100 }, outage: { perClient: { limit: 1000, windowMs: 60000 }, total: { startPerMinute: 100000, floorPerMinute: 1000 } } } }
  const extra = await options(simulator)
  const opts = { ...base, ...(extra.client ? {} : { credential: simulator.credential, endpoint: simulator.url }), ...extra }
  const guard = captchaGuard(opts)
  const app = express().set('trust proxy', 'loopback').use(express.json())
  app.use(...chain(guard, opts), (req, res) => res.json({}))
  const server = app.listen(0); await once(server, 'listening')
  const { port } = server.address()
  const agent = new http.Agent({ keepAlive: true, maxSockets: 4 })
  const send = (i, hang) => new Promise((resolve) => {
    const r = http.request({ port, method: 'POST', agent, headers: { 'content-type': 'application/json', 'x-forwarded-for': `198.18.${i >> 8}.${i & 255}` } }, (a) => { a.resume(); a.on('end', resolve); a.on('error', resolve) })
    r.on('error', resolve); r.end(JSON.stringify(simulator.mintTicket()))
    if (hang) setTimeout(() => { r.destroy(); resolve() }, 30)
  })
  const signal = new AbortController().signal
  let i = 0
  const batch = (n, hang) => Promise.all(Array.from({ length: n }, () => check ? guard.check({ ...simulator.mintTicket(), userIp: `198.18.${i >> 8}.${i++ & 255}`, signal }) : send(i++, hang)))
  await batch(50)
  for (const fault of faults) {
    simulator.setFault(fault)
    await batch(60); await batch(60, true); await wait(300); await batch(60)
    simulator.setFault(null); await simulator.settled()
    await wait(1500); await batch(60)
  }
  const snap = guard.snapshot()
  console.log(name.padEnd(34), 'late', JSON.stringify(snap.late), 'circuit', snap.circuit.state, '=>', warnings.length ? [...new Set(warnings)] : 'no warning')
  await guard.close(); server.closeAllConnections(); server.close(); agent.destroy(); await simulator.close()
}
await run('plain')
await run('check() with one shared signal', { check: true })
await run('twelve guards on one response', { chain: (g, o) => [g, ...Array.from({ length: 12 }, () => captchaGuard({ ...o, mode: 'observe' })), requireCaptcha()] })
await run('client of the SDK', { options: (s) => ({ client: new sdk.captcha.v20190722.Client({ credential: s.credential, profile: { httpProfile: { endpoint: new URL(s.url).host, protocol: 'http://' } } }) }), faults: ['hang', 'internal_error', 'reset'] })
const redisPort = 20000 + (process.pid % 20000)
const redisServer = spawn('redis-server', ['--port', redisPort, '--save', '', '--bind', '127.0.0.1'], { stdio: 'ignore' })
await wait(500)
const redis = new Redis(redisPort, '127.0.0.1'); redis.on('error', () => {})
await run('redis', { options: () => ({ store: redisStore(redis) }) })
redisServer.kill('SIGSTOP')
setTimeout(() => redisServer.kill('SIGCONT'), 3000)
await run('redis that stands still', { options: () => ({ store: redisStore(redis) }), faults: ['hang'] })
redis.disconnect(); redisServer.kill('SIGKILL')
let provided = 0
await run('provider that rejects', { options: (s) => ({ credential: { getCredential: async () => { if (provided++ > 0) throw new Error('no'); return { ...s.credential, expiredTime: Date.now() + 4000 } } } }), faults: ['hang'] })
process.exit()
