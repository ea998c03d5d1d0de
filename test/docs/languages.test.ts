import { existsSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { transformSync } from 'esbuild'
import {
  type CodeBlock,
  type Document,
  inChinese,
  readDocument,
  sections,
  tableRows,
  translatedDocuments,
} from './documents.js'

/** Numbers as digits, in the order of their size: both languages have to state the same. */
function figures(text: string): readonly string[] {
  const withoutLinks = text.replace(/\]\([^)]*\)/g, ']')
  return [...withoutLinks.matchAll(/\d{1,3}(?:[ ,]\d{3})+(?!\d)|\d+(?:\.\d+)*/g)]
    .map(([figure]) => figure.replace(/[ ,]/g, ''))
    .sort()
}

/** Code without its comments, which are translated; other languages than these are compared by their kind alone. */
function statements({ language, code }: CodeBlock): string {
  if (!['ts', 'js', 'tsx', 'jsx'].includes(language)) return language
  const tsconfigRaw = { compilerOptions: { experimentalDecorators: true } }
  const loader = language === 'ts' ? 'ts' : 'tsx'
  return transformSync(code, { loader, tsconfigRaw, minifyWhitespace: true, legalComments: 'none' }).code.replace(
    /(['"`])(?:(?!\1)[\s\S])*\P{ASCII}(?:(?!\1)[\s\S])*\1/gu,
    "'text'",
  )
}

function outline(document: Document): readonly unknown[] {
  return sections(document).map(({ level, body }) => ({
    level,
    figures: figures(body),
    rows: tableRows(body).length,
    pictures: [...body.matchAll(/!\[[^\]]*\]\(([^)]*)\)/g)].length,
  }))
}

describe.each(translatedDocuments().map(({ path }) => path))('%s', (path) => {
  test('has the same sections, figures, tables and code in Chinese', () => {
    expect([path, existsSync(inChinese(path))]).toEqual([path, true])
    const [english, chinese] = [readDocument(path), readDocument(inChinese(path))]
    expect(outline(chinese)).toEqual(outline(english))
    expect(chinese.codeBlocks.map(statements)).toEqual(english.codeBlocks.map(statements))
  })
})
