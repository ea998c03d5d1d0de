import type { ChildProcess } from 'node:child_process'
import type { BundledProcess } from '../support/bundled-process.js'
import type { Command, Commands } from './guarded-process.js'

type Argument<Name extends keyof Commands> = Parameters<Commands[Name]>[0]
type Result<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>
type Reply = { readonly id: number; readonly result?: unknown; readonly error?: string }

/** A process with guards in it, as a test commands it. */
export class GuardedApp {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (reply: Reply) => void>()
  #commands = 0

  constructor(bundle: BundledProcess, env: Readonly<Record<string, string>>) {
    const surroundings = Object.entries(process.env).filter(([name]) => !/proxy|^NODE_OPTIONS$/i.test(name))
    this.#child = bundle.start({}, { env: { ...Object.fromEntries(surroundings), ...env } })
    this.#child.on('message', (reply: Reply) => this.#take(reply))
    this.#child.on('exit', (code, signal) => {
      for (const id of this.#waiting.keys()) this.#take({ id, error: `the process ended with ${code ?? signal}` })
    })
  }

  run<Name extends keyof Commands>(name: Name, argument?: Argument<Name>): Promise<Result<Name>> {
    const id = this.#commands++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Result<Name>)
        else reject(new Error(`${name}: ${error}`))
      })
      this.#child.send({ id, name, argument } as Command)
    })
  }

  close(): void {
    this.#child.kill('SIGKILL')
  }

  #take(reply: Reply): void {
    this.#waiting.get(reply.id)?.(reply)
    this.#waiting.delete(reply.id)
  }
}
