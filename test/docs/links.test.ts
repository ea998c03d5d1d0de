import { expect, test } from '@jest/globals'
import { allDocuments, leadsSomewhere } from './documents.js'

test('every link and picture of the documents leads to a file and a heading that exist', () => {
  const links = allDocuments().flatMap((document) => {
    const targets = [...document.prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    return targets.map((target) => ({ from: document.path, target, leads: leadsSomewhere(document, target) }))
  })
  expect(links.filter(({ leads }) => leads === true).length).toBeGreaterThan(50)
  expect(links.filter(({ leads }) => leads === false)).toEqual([])
})

test('a link to a missing file or heading is found', () => {
  const document = { path: 'README.md', prose: '', codeBlocks: [] }
  expect(leadsSomewhere(document, 'docs/no-such-file.md')).toBe(false)
  expect(leadsSomewhere(document, 'docs/verdict.md#no-such-heading')).toBe(false)
  expect(leadsSomewhere(document, 'docs/verdict.md#verified')).toBe(true)
})
