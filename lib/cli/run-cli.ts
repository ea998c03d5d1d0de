import { type CliContext, type Command, UsageError } from './command.js'
import { simulate } from './simulate.js'

const commands: readonly Command[] = [simulate]

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  const lines = commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`)
  return `Usage: tencent-captcha-guard <command> [options]

Commands:
${lines.join('\n')}

tencent-captcha-guard <command> --help tells the options of a command.
`
}

function asksForHelp(argument: string | undefined): boolean {
  return argument === '--help' || argument === '-h'
}

function whatIsWrong(name: string): string {
  if (name.startsWith('-')) return `Unknown option ${JSON.stringify(name)}: the command comes first.`
  return `Unknown command ${JSON.stringify(name)}; there is ${commands.map((command) => command.name).join(', ')}.`
}

async function runCommand(command: Command, args: readonly string[], context: CliContext): Promise<number> {
  if (args.some(asksForHelp)) {
    context.out(command.usage)
    return 0
  }
  try {
    return await command.run(args, context)
  } catch (error) {
    const { message } = error as Error
    const isUsage = error instanceof UsageError
    const advice = isUsage ? `\nTry: tencent-captcha-guard ${command.name} --help` : ''
    context.err(`tencent-captcha-guard ${command.name}: ${message}${advice}\n`)
    return isUsage ? 2 : 1
  }
}

/** Runs the command line; resolves to the exit code: 0 done, 1 failed, 2 misused. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const [name, ...rest] = args
  if (asksForHelp(name)) {
    context.out(overview())
    return 0
  }
  if (name === undefined) {
    context.err(overview())
    return 2
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return runCommand(command, rest, context)
  context.err(`${whatIsWrong(name)}\n\n${overview()}`)
  return 2
}
