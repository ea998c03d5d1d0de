#!/usr/bin/env node
import { check } from './check.js'
import { type Command, UsageError } from './command.js'
import { report } from './report.js'
import { simulate } from './simulate.js'

const commands: readonly Command[] = [check, report, simulate]

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

function commandProblem(name: string): string {
  if (name.startsWith('-')) return `Unknown option ${JSON.stringify(name)}: the command comes first.`
  return `Unknown command ${JSON.stringify(name)}; there is ${commands.map((command) => command.name).join(', ')}.`
}

async function runCommand(command: Command, args: readonly string[]): Promise<number> {
  if (args.some(asksForHelp)) {
    process.stdout.write(command.usage)
    return 0
  }
  try {
    return await command.run(args)
  } catch (error) {
    const isUsage = error instanceof UsageError
    const advice = isUsage ? `\nTry: tencent-captcha-guard ${command.name} --help` : ''
    process.stderr.write(`tencent-captcha-guard ${command.name}: ${(error as Error).message}${advice}\n`)
    return isUsage ? 2 : 1
  }
}

/** Resolves to the exit code: 0 done, 1 failed, 2 misused. */
async function runCli([name, ...args]: readonly string[]): Promise<number> {
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return runCommand(command, args)
  if (asksForHelp(name)) {
    process.stdout.write(overview())
    return 0
  }
  const problem = name === undefined ? '' : `${commandProblem(name)}\n\n`
  process.stderr.write(problem + overview())
  return 2
}

runCli(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode
})
