import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { parts } from './parts.mjs'

/** What CI runs. */
const short = ['classify-reply', 'codes']

const { values, positionals } = parseArgs({ options: { short: { type: 'boolean' } }, allowPositionals: true })
const chosen = values.short ? short : positionals
const unknown = chosen.filter((part) => !(part in parts))
if (unknown.length > 0) throw new Error(`no part ${unknown.join(', ')}; there are ${Object.keys(parts).join(', ')}`)

const selected = chosen.length > 0 ? chosen : Object.keys(parts)
const failed = selected.filter((part) => {
  console.log(`\n${part}`)
  const env = { ...process.env, MUTATION_PART: part }
  return spawnSync(process.execPath, ['node_modules/.bin/stryker', 'run'], { env, stdio: 'inherit' }).status !== 0
})
console.log('\n| part | mutants | killed | survived | score |\n| --- | --- | --- | --- | --- |')
for (const part of selected) console.log(scoreOf(part))
if (failed.length > 0) console.log(`\nBelow the threshold, or not run to its end: ${failed.join(', ')}`)
process.exitCode = failed.length > 0 ? 1 : 0

/** The row of a part in the table of `CONTRIBUTING.md`. Stryker counts a mutant that ends no more as killed. */
function scoreOf(part) {
  const file = `.mutation/${part}.json`
  if (!existsSync(file)) return `| ${part} | not run to its end |`
  const { files } = JSON.parse(readFileSync(file, 'utf8'))
  const results = Object.values(files).flatMap(({ mutants }) => mutants.map(({ status }) => status))
  const count = (...statuses) => results.filter((status) => statuses.includes(status)).length
  const killed = count('Killed', 'Timeout')
  const survived = count('Survived', 'NoCoverage')
  const score = ((100 * killed) / (killed + survived)).toFixed(1)
  return `| \`${part}\` | ${killed + survived} | ${killed} | ${survived} | ${score} % |`
}
