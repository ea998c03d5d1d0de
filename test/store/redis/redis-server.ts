import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect as connectSocket, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from '@jest/globals'

/** A real Redis of the test's own, on loopback, which the test may stop, kill and start again on the same port. */
export class RedisServer {
  readonly port: number
  readonly #dir = mkdtempSync(join(tmpdir(), 'captcha-guard-redis-'))
  #process: ChildProcess | undefined

  private constructor(port: number) {
    this.port = port
  }

  static async start(...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort())
    await server.start(...args)
    return server
  }

  /** A port on which a server may be started later. */
  static async notYetStarted(): Promise<RedisServer> {
    return new RedisServer(await freePort())
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  async start(...args: readonly string[]): Promise<void> {
    const fixed = [
      '--port',
      `${this.port}`,
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'no',
      '--dir',
      this.#dir,
    ]
    this.#process = spawn('redis-server', [...fixed, ...args], { stdio: 'ignore' })
    const dueMs = performance.now() + 5_000
    while (!(await this.#answers())) {
      if (performance.now() > dueMs) throw new Error('redis-server does not answer')
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Goes on listening and answers nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    const killed = this.#process
    this.#process = undefined
    if (killed === undefined || killed.exitCode !== null || killed.signalCode !== null) return
    const exited = once(killed, 'exit')
    killed.kill('SIGKILL')
    await exited
  }

  async close(): Promise<void> {
    await this.kill()
    rmSync(this.#dir, { recursive: true, force: true })
  }

  /** Sends one inline command over a socket of its own; resolves to the raw reply. */
  async command(line: string): Promise<string> {
    const socket = connectSocket(this.port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      socket.write(`${line}\r\n`)
      return await firstReply(socket)
    } finally {
      socket.destroy()
    }
  }

  async #answers(): Promise<boolean> {
    const reply = await this.command('PING').catch(() => '')
    return reply.startsWith('+PONG') || reply.startsWith('-NOAUTH')
  }
}

async function firstReply(socket: Socket): Promise<string> {
  const closed = once(socket, 'close').then(() => [''])
  const [chunk] = await Promise.race([once(socket, 'data'), closed])
  return String(chunk)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Whether there is a redis-server to start. */
export function isRedisInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** `describe` where redis-server is installed, `describe.skip` elsewhere; throws where it has to be (`CI=true`). */
export function describeWithRedis(): typeof describe | typeof describe.skip {
  if (isRedisInstalled()) return describe
  if (process.env.CI === 'true') throw new Error('redis-server is missing; get it with `apt-get install redis-server`')
  return describe.skip
}
