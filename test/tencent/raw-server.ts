import net, { type AddressInfo, type Socket } from 'node:net'

/** A server of bytes: it takes HTTP requests, and answers whatever a test writes. */
export interface RawServer {
  readonly port: number
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Whole requests, head and body, as they came. */
  readonly requests: readonly string[]
  readonly connections: number
  readonly openSockets: number
  /** Resolves once no client's socket is open any more. */
  allClosed(): Promise<void>
  close(): Promise<void>
}

export type OnRequest = (socket: Socket, request: string) => void

export async function rawServer(onRequest: OnRequest, onConnection?: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>()
  const requests: string[] = []
  let connections = 0
  let notifyClosed = () => {}
  const server = net.createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => {
      sockets.delete(socket)
      if (sockets.size === 0) notifyClosed()
    })
    onConnection?.(socket)
    let received = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      received += chunk
      const whole = firstRequest(received)
      if (whole === undefined) return
      received = received.slice(whole.length)
      requests.push(whole)
      onRequest(socket, whole)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    requests,
    get connections() {
      return connections
    },
    get openSockets() {
      return sockets.size
    },
    allClosed: () =>
      new Promise((resolve) => {
        notifyClosed = resolve
        if (sockets.size === 0) resolve()
      }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** The first whole request of what was received, head and body; `undefined` before it is whole. */
export function firstRequest(received: string): string | undefined {
  const bodyStart = received.indexOf('\r\n\r\n') + 4
  if (bodyStart < 4) return undefined
  const length = Number(/^content-length: *(\d+)/im.exec(received)?.[1] ?? 0)
  return received.length >= bodyStart + length ? received.slice(0, bodyStart + length) : undefined
}

const json = 'Content-Type: application/json'

/** A whole HTTP answer. */
export function answer(body: string, { status = '200 OK', headers = [json] as readonly string[] } = {}): string {
  return `HTTP/1.1 ${status}\r\n${[...headers, `Content-Length: ${Buffer.byteLength(body)}`].join('\r\n')}\r\n\r\n${body}`
}

/** The head of an answer whose body comes in chunks. */
export const chunkedHead = `HTTP/1.1 200 OK\r\n${json}\r\nTransfer-Encoding: chunked\r\n\r\n`

/** One chunk. */
export function chunk(body: string): string {
  return `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n`
}

export const verifiedBody = '{"Response":{"CaptchaCode":1,"CaptchaMsg":"OK","RequestId":"r"}}'
