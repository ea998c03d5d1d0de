/** What a command may do to the outside. */
export interface CliContext {
  out(text: string): void
  err(text: string): void
  /** Resolves when the person or the supervisor asks the process to end. */
  untilStopped(): Promise<void>
}

/** One sub-command of `tencent-captcha-guard`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Shown by `--help`. */
  readonly usage: string
  /** Resolves to the exit code. Throws a UsageError for arguments that make no sense. */
  run(args: readonly string[], context: CliContext): Promise<number>
}

/** Arguments that make no sense: exit code 2. */
export class UsageError extends Error {}
