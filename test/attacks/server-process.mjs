// A server under attack, in a process of its own: the guard, and beside it the handler that people write by hand.
import { pbkdf2 } from 'node:crypto'
import { lookup } from 'node:dns'
import http from 'node:http'
import express from 'express'
import { captchaGuard } from '../../dist/esm/index.js'

const endpoint = process.env.TENCENT
const app = express().set('trust proxy', 'loopback').use(express.json())

const guard = captchaGuard({
  captchaAppId: 190000001,
  appSecretKey: 'secret',
  credential: { secretId: 'AKID', secretKey: 'KEY' },
  endpoint,
  logger: false,
  degradation: { fallback: { probe: false } },
  onRefused: (_req, res, _next, verdict) => res.json(verdict),
})
app.post('/guarded', guard, (req, res) => res.json(req.captcha))

// What is usually written: a shared agent, the system's lookup, two seconds, and in on any exception.
const agent = new http.Agent({ keepAlive: true })
app.post('/plain', (req, res) => {
  const answer = (verdict) => {
    if (!res.headersSent && !res.destroyed) res.json(verdict)
  }
  const params = JSON.stringify({ Ticket: req.body.ticket })
  const call = http.request(endpoint, { method: 'POST', agent, signal: AbortSignal.timeout(2000) }, async (reply) => {
    try {
      const { Response } = JSON.parse((await reply.toArray()).join(''))
      const passed = Response.CaptchaCode === 1
      answer({ passed, degraded: false, reason: passed ? 'verified' : 'ticket_invalid' })
    } catch (error) {
      answer({ passed: true, degraded: true, reason: error.code ?? error.name })
    }
  })
  call.on('error', (error) => answer({ passed: true, degraded: true, reason: error.code ?? error.name }))
  res.on('close', () => {
    if (!res.writableFinished) call.destroy()
  })
  call.end(params)
})

app.post('/hash', (_req, res, next) => {
  pbkdf2('password', 'salt', 100_000, 64, 'sha512', (error) => (error ? next(error) : res.json({})))
})

app.get('/lookup/:name', (req, res, next) => {
  const startedMs = performance.now()
  lookup(req.params.name, (error) => (error ? next(error) : res.json(performance.now() - startedMs)))
})

app.get('/snapshot', (_req, res) => {
  res.json(guard.snapshot())
})

const server = app.listen(0, '127.0.0.1', () => process.send(server.address().port))
process.on('disconnect', () => process.exit())
