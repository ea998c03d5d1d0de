import { parseArgs } from 'node:util'

/** One sub-command of `tencent-captcha-guard`. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Shown by `--help`. */
  readonly usage: string
  /** Resolves to the exit code when the command is done. Rejects with a {@link UsageError} for wrong arguments. */
  run(args: readonly string[]): Promise<number>
}

/** Wrong arguments of a command: exit code 2. */
export class UsageError extends Error {}

/** Options of a command, by name. */
export type CommandOptions = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

/** Values of a command's options; an option that was not given has none. */
export type CommandValues<Options extends CommandOptions> = {
  readonly [name in keyof Options]?: Options[name]['type'] extends 'boolean' ? boolean : string
}

/** Parses a command's arguments. Throws a {@link UsageError} for unknown options and for values of the wrong type. */
export function parseCommandArgs<const Options extends CommandOptions>(
  args: readonly string[],
  options: Options,
  allowPositionals = false,
): { readonly values: CommandValues<Options>; readonly positionals: readonly string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, strict: true, allowPositionals })
    return { values: values as CommandValues<Options>, positionals }
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
