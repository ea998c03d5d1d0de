import { readFileSync } from 'node:fs'
import util from 'node:util'
import { UsageError } from '../command.js'
import { type SettingValues, type VariableName, type Variables, variableNames } from './read-settings.js'

/** Values, and where each comes from. */
export interface FoundSettings {
  readonly values: SettingValues
  /** `environment`, or the path of the file. */
  readonly sources: { readonly [name in VariableName]?: string }
}

/** Collects the variables; as with Node's own `--env-file`, the environment comes before the file. */
export function findSettings(environment: Variables, envFile: string | undefined): FoundSettings {
  const file = envFile === undefined ? {} : readEnvFile(envFile)
  const values: { [name in VariableName]?: string } = {}
  const sources: { [name in VariableName]?: string } = {}
  for (const name of variableNames) {
    const value = environment[name] || file[name]
    if (!value) continue
    values[name] = value
    // Node 20 reads an --env-file of its programs by itself, so that the value may be in both.
    sources[name] = envFile !== undefined && value === file[name] ? envFile : 'environment'
  }
  return { values, sources }
}

function readEnvFile(path: string): Variables {
  // Node 20 before 20.12 has none.
  if (typeof util.parseEnv !== 'function') throw new UsageError('--env-file needs Node 20.12 or newer.')
  try {
    return util.parseEnv(readFileSync(path, 'utf8')) as Variables
  } catch (error) {
    throw new UsageError(`--env-file ${JSON.stringify(path)} cannot be read: ${(error as NodeJS.ErrnoException).code}`)
  }
}
