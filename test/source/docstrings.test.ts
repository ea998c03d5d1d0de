import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import ts from 'typescript'
import { captchaReasons, degradationCauses, refusalTable } from '../../lib/admission/cause-table.js'
import { sourceFiles } from './source-files.js'

const sources = sourceFiles()
const settings = ts.parseConfigFileTextToJson('tsconfig.json', readFileSync('tsconfig.json', 'utf8')).config
const { options } = ts.convertCompilerOptionsFromJson(settings.compilerOptions, '.')
const program = ts.createProgram(
  sources.map(({ path }) => path),
  { ...options, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'] },
)
const checker = program.getTypeChecker()

function isDocumented(symbol: ts.Symbol): boolean {
  return symbol.getDocumentationComment(checker).length > 0 || symbol.getJsDocTags(checker).length > 0
}

test('no module exports a symbol without a docstring', () => {
  const exported = sources.flatMap(({ path }) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(path) as ts.SourceFile)
    const symbols = module === undefined ? [] : checker.getExportsOfModule(module)
    return symbols.map((symbol) => ({
      path,
      symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
    }))
  })
  expect(exported.length).toBeGreaterThan(500)
  const bare = exported.filter(({ symbol }) => !isDocumented(symbol))
  expect(bare.map(({ path, symbol }) => `${path} ${symbol.name}`)).toEqual([])
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
