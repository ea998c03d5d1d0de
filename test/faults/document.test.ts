import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { sections } from './cases/index.js'
import { documentPaths, type Language, renderDocument, withoutMeasured } from './document.js'

const cases = sections.flatMap(({ cases }) => cases)

describe('the table of faults', () => {
  test('names each fault once', () => {
    const ids = cases.map(({ id }) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test.each(['en', 'zh'] as const)('has no cell that breaks the table (%s)', (language) => {
    const texts = cases.flatMap(({ fault, made, plain }) => [fault, made, plain?.text].map((text) => text?.[language]))
    expect(texts.filter((text) => text !== undefined && (text === '' || /[|\n]/.test(text)))).toEqual([])
  })

  test.each(Object.entries(documentPaths) as [Language, string][])(
    'is what the document says (%s, %s): `npm run docs:faults` writes it',
    (language, path) => {
      expect(withoutMeasured(readFileSync(path, 'utf8'))).toBe(renderDocument(sections, language))
    },
  )
})
