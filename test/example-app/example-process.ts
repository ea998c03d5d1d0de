import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The built file: `npm test` builds it first. */
const server = fileURLToPath(new URL('../../example-app/dist/server.js', import.meta.url))

export interface ExampleProcess {
  readonly child: ChildProcessWithoutNullStreams
  /** Returns everything the process has written so far, errors included. */
  output(): string
  /** Sends the signal and resolves to the exit code. */
  end(signal?: NodeJS.Signals): Promise<number | null>
}

/** Starts the built app, without the settings that this process itself has for it in its environment. */
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

/** Resolves to the URL of the app when it is open. Rejects when the app ends first, or within 10 s has not opened. */
export async function openExample({ child, output }: ExampleProcess): Promise<string> {
  const signal = AbortSignal.timeout(10_000)
  try {
    while (child.exitCode === null) {
      const url = /Yunwu Tea is open: (\S+)/.exec(output())?.[1]
      if (url !== undefined) return url
      await Promise.race([once(child.stdout, 'data', { signal }), once(child, 'close', { signal })])
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  throw new Error(`The example app did not open. It wrote:\n${output()}`)
}
