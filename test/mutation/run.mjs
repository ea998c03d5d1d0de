import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { parts } from './parts.mjs'

/** What CI runs. */
const short = ['classify-reply', 'codes']

const { values, positionals } = parseArgs({ options: { short: { type: 'boolean' } }, allowPositionals: true })
const chosen = values.short ? short : positionals
const unknown = chosen.filter((part) => !(part in parts))
if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)

const failed = (chosen.length > 0 ? chosen : Object.keys(parts)).filter((part) => {
  console.log(`\n${part}`)
  const env = { ...process.env, MUTATION_PART: part }
  return spawnSync(process.execPath, ['node_modules/.bin/stryker', 'run'], { env, stdio: 'inherit' }).status !== 0
})
if (failed.length > 0) console.log(`\nBelow the threshold, or not run to its end: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0
