import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const server = fileURLToPath(new URL('../../example-app/dist/server.js', import.meta.url))

export interface ExampleProcess {
  readonly child: ChildProcess
  /** All it has written so far, errors included. */
  output(): string
  /** Sends the signal and resolves to the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

export function spawnExample(args: readonly string[], env: NodeJS.ProcessEnv = {}): ExampleProcess {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(CAPTCHA_|TENCENTCLOUD_|NODE_|PORT$|HOST$)/.test(name),
  )
  const child = spawn(process.execPath, [server, ...args], { env: { ...Object.fromEntries(inherited), ...env } })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return {
    child,
    output: () => output,
    async end(signal = 'SIGINT') {
      if (child.exitCode !== null) return child.exitCode
      const exit = once(child, 'exit')
      child.kill(signal)
      await exit
      return child.exitCode
    },
  }
}

/** Starts the built example on a free port; resolves to its URL when it is open. */
export async function openExample(example: ExampleProcess): Promise<string> {
  const deadline = Date.now() + 10_000
  while (Date.now() < deadline && example.child.exitCode === null) {
    const url = /Yunwu Tea is open: (\S+)/.exec(example.output())?.[1]
    if (url !== undefined) return url
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`The example app did not open. It wrote:\n${example.output()}`)
}
