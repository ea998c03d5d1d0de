import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'

const text = readFileSync('SECURITY.md', 'utf8')
const promises = [...section('**What the guard promises**').matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
const rows = [...section('Each is held by tests.').matchAll(/^\| ([\d, ]+?)(?: \(.+\))? \| (.+) \|$/gm)].map(
  ([, numbers = '', files = '']) => ({
    numbers: numbers.split(', ').map(Number),
    files: [...files.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
  }),
)

/** From these words to the next heading or table title. */
function section(start: string): string {
  const from = text.indexOf(start)
  expect(from).toBeGreaterThan(0)
  const rest = text.slice(from + start.length)
  return rest.slice(0, rest.search(/^(\*\*|## |Each is held)/m))
}

describe('the promises of SECURITY.md', () => {
  test('are numbered from one on', () => {
    expect(promises.length).toBeGreaterThanOrEqual(13)
    expect(promises).toEqual(promises.map((_, index) => index + 1))
  })

  test('have a test each', () => {
    const held = new Set(rows.flatMap(({ numbers }) => numbers))
    expect(promises.filter((number) => !held.has(number))).toEqual([])
    expect([...held].filter((number) => !promises.includes(number))).toEqual([])
  })

  test('name tests that exist', () => {
    const files = rows.flatMap((row) => row.files)
    expect(rows.filter((row) => row.files.length === 0)).toEqual([])
    expect(files.filter((file) => !/^test\/.+\.test\.ts$/.test(file) || !existsSync(file))).toEqual([])
  })

  test('name every attack', () => {
    const attacks = readdirSync('test/attacks').filter((name) => name.endsWith('.test.ts'))
    expect(attacks.filter((name) => !text.includes(`test/attacks/${name}`))).toEqual([])
  })
})
