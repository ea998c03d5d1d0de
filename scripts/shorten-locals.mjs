import { minify } from '@swc/core'
import ts from 'typescript'

/** Stands for `#`, so that private members keep their names as all members do. */
const privateMark = '__private_'

/**
 * Gives parameters and variables of functions short names, and each statement and member a line of its own, without indentation.
 * Functions, classes, members and what a module declares keep their names: the stack of an error reads as the source does.
 * @param {string} code a script in CommonJS
 */
export async function shortenLocals(code) {
  const { code: short } = await minify(code.replace(/#(?=[A-Za-z_]\w*)/g, privateMark), {
    module: false,
    ecma: 2022,
    compress: false,
    mangle: { toplevel: false, keep_fnames: true, keep_classnames: true },
    format: { comments: false },
  })
  return inLines(short.replaceAll(privateMark, '#'))
}

function inLines(code) {
  const starts = []
  const visit = (node) => {
    if (ts.isClassElement(node) || (ts.isStatement(node) && isInList(node))) starts.push(node.getStart(file))
    ts.forEachChild(node, visit)
  }
  const file = ts.createSourceFile('code.js', code, ts.ScriptTarget.ES2022, true)
  visit(file)
  const ends = [...starts.slice(1), code.length]
  return starts.map((start, at) => `${code.slice(at === 0 ? 0 : start, ends[at])}\n`).join('')
}

function isInList({ parent }) {
  return ts.isBlock(parent) || ts.isSourceFile(parent) || ts.isCaseOrDefaultClause(parent)
}
