import { describe, expect, test } from '@jest/globals'
import * as v from 'valibot'
import { causeTable, degradationCauses } from '../../lib/admission/cause-table.js'
import { parseOptions } from '../../lib/options/config.js'
import { schema } from '../../lib/options/schema.js'
import { readDocument, tableRows } from './documents.js'

const required = { captchaAppId: 1, appSecretKey: 'key', credential: { secretId: 'id', secretKey: 'key' } }
// The config has the defaults that depend on other options, too.
const output: Record<string, unknown> & { degradation: Record<string, unknown> } = {
  ...v.parse(schema, required),
  degradation: { ...parseOptions(required).degradation },
}

/** The options and their groups below `degradation`, as the table names them. */
const names = Object.keys(schema.entries).flatMap((name) =>
  name === 'degradation' ? Object.keys(output.degradation).map((member) => `degradation.${member}`) : name,
)

function parsedValue(name: string): unknown {
  const [first = '', second] = name.split('.')
  return second === undefined ? output[first] : output.degradation[second]
}

describe.each(['docs/options.md', 'docs/options.zh.md'])('the table of %s', (path) => {
  const rows = tableRows(readDocument(path).prose).map(([name = '', byDefault = '']) => ({
    name: name.replaceAll('`', ''),
    byDefault: byDefault.replaceAll('`', ''),
  }))

  test('has one row for each option of the schema', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(
      [...new Set([...names, 'degradation.expectedPerMinute'])].sort(),
    )
  })

  test('states the defaults of the schema', () => {
    const stated = rows.filter(({ byDefault }) => /^('|\d|\{|true|false)/.test(byDefault))
    expect(stated.length).toBeGreaterThan(10)
    for (const { name, byDefault } of stated) {
      const value: unknown = new Function(`return (${byDefault})`)()
      const actual = parsedValue(name)
      if (typeof value === 'object') expect([name, actual]).toEqual([name, expect.objectContaining(value as object)])
      else expect([name, actual]).toEqual([name, value])
    }
  })

  test('states the default of the rules', () => {
    const refusing = degradationCauses.filter((cause) => causeTable[cause].rule === 'refuse')
    expect(refusing).toEqual(['misconfigured'])
    const { byDefault } = rows.find(({ name }) => name === 'degradation.rules') ?? {}
    expect(byDefault).toMatch(/'pass'.*misconfigured 'refuse'/)
  })
})
