import { readFile, writeFile } from 'node:fs/promises'
import { dirname, relative, sep } from 'node:path'
import ts from 'typescript'

/**
 * Replaces declarations of other entry points that the main one exports, word for word, by imports from it: a type that two entry
 * points name is then one type, and is in the package once.
 * @param {string} main the gathered types of the main entry point
 * @param {readonly string[]} others those of the others
 */
export async function shareTypes(main, others) {
  const mainExports = new Map((await declarations(main)).filter(isExported).map((found) => [found.name, found.text]))
  for (const file of others) await importShared(file, mainExports, modulePath(file, main))
}

async function importShared(file, mainExports, from) {
  const source = await readFile(file, 'utf8')
  const shared = (await declarations(file)).filter(({ name, text }) => mainExports.get(name) === text)
  if (shared.length === 0) return
  const rest = shared.reduceRight((text, { start, end }) => text.slice(0, start) + text.slice(end), source)
  const names = (some) => some.map(({ name }) => name).join(', ')
  const own = shared.filter(isExported)
  const used = shared.filter(({ name, exported }) => exported || new RegExp(`\\b${name}\\b`).test(rest))
  const lines = [
    `import { ${names(used)} } from '${from}';\n`,
    ...(own.length > 0 ? [`export { ${names(own)} };\n`] : []),
  ]
  await writeFile(file, lines.join('') + rest)
}

function isExported({ exported }) {
  return exported
}

async function declarations(file) {
  const text = await readFile(file, 'utf8')
  const { statements } = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022)
  return statements.flatMap((statement) => {
    if (!statement.name) return []
    return {
      name: statement.name.text,
      text: text.slice(statement.name.pos, statement.end),
      exported: statement.modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword),
      start: statement.pos,
      end: statement.end,
    }
  })
}

function modulePath(from, to) {
  return relative(dirname(from), to)
    .split(sep)
    .join('/')
    .replace(/^(?!\.)/, './')
    .replace(/\.d\.ts$/, '.js')
}
