// An application of its own process: reports its port, then its memory whenever it is asked.
import express from 'express'
import { captchaGuard } from '../../dist/esm/index.js'

// Half of the room is kept for clients with history; the callers here have none.
const guard = captchaGuard({ ...JSON.parse(process.argv[2]), timeoutMs: 60_000, maxInFlight: 4096, logger: false })
const app = express()
app.set('trust proxy', 'loopback')
app.use(express.json({ limit: '1mb' }), express.urlencoded({ limit: '1mb', extended: false }))
app.post('/', guard, (_req, res) => res.end())
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
let gone = 0
server.on('connection', (socket) => socket.once('close', () => gone++))

process.on('message', async () => {
  // What one collection finalizes, the next one frees.
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external } = process.memoryUsage()
  process.send({ bytes: heapUsed + external, inFlight: guard.snapshot().inFlight, gone })
})
