import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import luaparse from 'luaparse'
import { scripts } from '../../../lib/store/redis/scripts.js'

const folder = join(import.meta.dirname, '../../../lib/store/redis')
const bodies = readdirSync(folder).filter((name) => name.endsWith('.lua') && name !== 'prelude.lua')

/** What Redis provides; a script that assigns to any other global fails there. */
const globals = new Set([
  'redis',
  'KEYS',
  'ARGV',
  'ipairs',
  'math',
  'string',
  'table',
  'tonumber',
  'tostring',
  'unpack',
])

function parse(source: string) {
  return luaparse.parse(source, { luaVersion: '5.1', scope: true })
}

describe('the Lua scripts', () => {
  test('are one file for each operation, each behind the common beginning', () => {
    const prelude = readFileSync(join(folder, 'prelude.lua'), 'utf8')
    const expected = bodies.map((name) => `${prelude}\n${readFileSync(join(folder, name), 'utf8')}`)
    expect(new Set(Object.values(scripts).map(({ source }) => source))).toEqual(new Set(expected))
    expect(expected).toHaveLength(8)
  })

  test.each(Object.entries(scripts))('%s is valid Lua 5.1 and uses no global of its own', (_name, { source }) => {
    const used = parse(source).globals.map(({ name }) => name)
    expect(used.filter((name) => !globals.has(name))).toEqual([])
  })

  test.each(Object.entries(scripts))('%s has the digest of its source', (_name, { source, sha1 }) => {
    expect(sha1).toBe(createHash('sha1').update(source).digest('hex'))
  })

  test('would be refused with a mistake in the syntax, or with an undeclared variable', () => {
    expect(() => parse(`${scripts.claim.source}\nif then`)).toThrow(SyntaxError)
    expect(parse(`${scripts.claim.source.replace('local claimId,', 'claimId,')}`).globals).toContainEqual(
      expect.objectContaining({ name: 'claimId' }),
    )
  })
})
