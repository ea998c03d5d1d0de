import http, { type ServerResponse } from 'node:http'
import net, { type AddressInfo, type Server } from 'node:net'

const reply = JSON.stringify({
  Response: {
    CaptchaCode: 1,
    CaptchaMsg: 'OK',
    EvilLevel: 0,
    GetCaptchaTime: 1_784_000_000,
    EvilBitmap: 0,
    SubmitCaptchaTime: 1_784_000_003,
    RequestId: '0b5a1d5e-8c3f-4b60-9a53-3e1b9b4a3c11',
  },
})

/** What Tencent's port may do with a call that it has read. */
const conditions = {
  healthy: (res) =>
    res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': reply.length }).end(reply),
  hang: () => {},
  'http 503': (res) => res.writeHead(503).end('Service Unavailable'),
  reset: (res) => res.socket?.resetAndDestroy(),
  junk: (res) => res.end('<html><h1>It works!</h1></html>'),
} satisfies Record<string, (res: ServerResponse) => unknown>

export type Condition = keyof typeof conditions

/**
 * Verifies every ticket on one port until its parent orders another condition, and resets every connection on another port. Tells
 * its parent both.
 */
export async function standInForTencent(): Promise<void> {
  let answer: (res: ServerResponse) => unknown = conditions.healthy
  process.on('message', (condition: Condition) => {
    answer = conditions[condition]
    process.send?.(condition)
  })
  const healthy = http.createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    req.resume().on('end', () => answer(res))
  })
  const down = net.createServer((socket) => socket.resetAndDestroy())
  process.send?.({ healthy: await portOf(healthy), down: await portOf(down) })
}

/** Listens on a free port of loopback. */
export function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
