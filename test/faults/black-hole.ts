import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import net, { type Socket } from 'node:net'

/** Listens with room for as few connections as there can be, and never takes one. */
const listener = (host: string) => `
  const server = require('node:net').createServer().listen({ port: 0, host: '${host}', backlog: 1 }, () => {
    process.send(server.address().port, () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })`

/** Longer than a connection on loopback takes to be established on a busy machine. */
const droppedAfterMs = 300
const mostConnections = 64

/** A port whose queue of connections is full: the kernel drops what else arrives, as a firewall does. */
export async function blackHole(host: string): Promise<{ readonly port: number; close(): void }> {
  const child: ChildProcess = spawn(process.execPath, ['-e', listener(host)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [port] = (await once(child, 'message')) as [number]
  const fillers: Socket[] = []
  const close = () => {
    for (const socket of fillers) socket.destroy()
    child.kill('SIGKILL')
  }
  while (fillers.length < mostConnections) {
    const socket = net.connect(port, host).on('error', () => {})
    fillers.push(socket)
    const isTaken = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, droppedAfterMs, false)),
    ])
    if (!isTaken) return { port, close }
  }
  close()
  throw new Error('this machine takes every connection')
}
