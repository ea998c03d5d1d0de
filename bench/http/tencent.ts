import http from 'node:http'
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

/** Verifies every ticket on one port, and resets every connection on another. Tells its parent both. */
export async function standInForTencent(): Promise<void> {
  const healthy = http.createServer({ keepAliveTimeout: 60_000 }, (req, res) => {
    req.resume().on('end', () => {
      res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': reply.length }).end(reply)
    })
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
