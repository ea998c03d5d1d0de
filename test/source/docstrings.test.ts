import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'
import { captchaReasons, degradationCauses, refusalTable } from '../../lib/admission/cause-table.js'
import { sourceFiles } from './source-files.js'

const entryPoints = [
  'lib/index.ts',
  'lib/store/redis/index.ts',
  'lib/simulator/index.ts',
  'lib/browser/index.ts',
  'lib/prometheus/index.ts',
  'lib/status/index.ts',
]

const settings = ts.parseConfigFileTextToJson('tsconfig.json', readFileSync('tsconfig.json', 'utf8')).config
const { options } = ts.convertCompilerOptionsFromJson(settings.compilerOptions, '.')
const program = ts.createProgram(entryPoints, { ...options, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] })
const checker = program.getTypeChecker()

function isDocumented(symbol: ts.Symbol): boolean {
  return symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0
}

describe.each(entryPoints)('%s', (entryPoint) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(entryPoint) as ts.SourceFile)
  const exported = checker
    .getExportsOfModule(module as ts.Symbol)
    .map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))

  test('exports something', () => {
    expect(exported.length).toBeGreaterThan(0)
  })

  test('exports no symbol without a docstring', () => {
    expect(exported.filter((symbol) => !isDocumented(symbol)).map(({ name }) => name)).toEqual([])
  })
})

test('every cause and every reason of a refusal has a row with cause and cure in its docstring', () => {
  const source = program.getSourceFile('lib/admission/cause-table.ts') as ts.SourceFile
  const documented = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && ts.isObjectLiteralExpression(node.initializer)) {
      const [comment] = ts.getJSDocCommentsAndTags(node)
      const text = typeof comment?.comment === 'string' ? comment.comment : ''
      if (text.includes('Cure:') || text.startsWith('See the cause')) documented.add(node.name.getText())
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  const reasons = new Set([...degradationCauses, ...Object.keys(refusalTable)])
  expect([...reasons].filter((reason) => !documented.has(reason))).toEqual([])
  expect(captchaReasons.filter((reason) => reason !== 'verified' && !reasons.has(reason))).toEqual([])
})

test('the source says what the code does: no comment speaks of persons without a name', () => {
  const words = /\b(nobody|anybody|everybody|somebody|whoever|comes by)\b/i
  const found = sourceFiles().flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (words.test(line) ? [`${path}:${index + 1} ${line.trim()}`] : [])),
  )
  expect(found).toEqual([])
})
