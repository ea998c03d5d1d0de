import { type ChildProcess, fork, type Serializable } from 'node:child_process'
import { once } from 'node:events'

/** The processes of one benchmark: its bundle again, each in the role that its first argument names. */
export function childProcesses() {
  const children: ChildProcess[] = []
  return {
    start(...args: string[]): ChildProcess {
      const child = fork(process.argv[1] as string, args)
      children.push(child)
      return child
    },
    end() {
      for (const child of children) child.kill()
    },
  }
}

/** Runs the role that this process was started in, or `main` in the first process, whose exit code it resolves to. */
export async function runInRole(
  roles: Readonly<Record<string, (args: string[]) => unknown>>,
  main: () => Promise<number>,
): Promise<void> {
  const [role = '', ...args] = process.argv.slice(2)
  process.once('disconnect', () => process.exit())
  const run = roles[role]
  if (run) run(args)
  else process.exitCode = await main()
}

/** Sends a message to a child; resolves to what it answers. */
export function ask<Answer>(child: ChildProcess, message: Serializable): Promise<Answer> {
  const answer = answerOf<Answer>(child)
  child.send(message)
  return answer
}

/** Rejects when the child ends instead. */
export async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = new AbortController()
  const end = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a child process ended with ${code}`)
  })
  try {
    const [answer] = await Promise.race([once(child, 'message', { signal: ended.signal }), end])
    return answer as Answer
  } finally {
    end.catch(() => {})
    ended.abort()
  }
}
