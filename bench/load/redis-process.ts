import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { portOf } from '../http/tencent.js'

/** A Redis of the benchmark's own, on a port where it can be ended and started again. */
export class RedisProcess {
  readonly #port: number
  #process: ChildProcess | undefined

  private constructor(port: number) {
    this.#port = port
  }

  static async start(): Promise<RedisProcess> {
    const reserved = createServer()
    const redis = new RedisProcess(await portOf(reserved))
    await once(reserved.close(), 'close')
    await redis.listen()
    return redis
  }

  get url(): string {
    return `redis://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    const args = ['--port', `${this.#port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
    this.#process = spawn('redis-server', args, { stdio: 'ignore' })
    const failed = once(this.#process, 'exit').then(() => {
      throw new Error('redis-server ended')
    })
    failed.catch(() => {})
    while (!(await this.#isListening())) await Promise.race([failed, wait(20)])
  }

  async kill(): Promise<void> {
    if (this.#process?.exitCode !== null || this.#process.signalCode !== null) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }

  async #isListening(): Promise<boolean> {
    const socket = connect(this.#port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return true
    } catch {
      return false
    } finally {
      socket.destroy()
    }
  }
}
