import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** A document: its path from the root of the repository, and its text without code blocks. */
export interface Document {
  readonly path: string
  readonly prose: string
  readonly codeBlocks: readonly CodeBlock[]
}

/** A fenced block. */
export interface CodeBlock {
  readonly language: string
  readonly code: string
}

const fence = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm

/** Reads a document. */
export function readDocument(path: string): Document {
  const text = readFileSync(path, 'utf8')
  const codeBlocks = [...text.matchAll(fence)].map(([, language = '', code = '']) => ({ language, code }))
  return { path, prose: text.replace(fence, ''), codeBlocks }
}

/** Every document for users: those of the root and those of `docs/`. */
export function allDocuments(): readonly Document[] {
  const inRoot = readdirSync('.').filter((name) => name.endsWith('.md'))
  const inDocs = readdirSync('docs').filter((name) => name.endsWith('.md'))
  return [...inRoot, ...inDocs.map((name) => join('docs', name))].map(readDocument)
}

/** The path of the same document in Chinese. */
export function inChinese(path: string): string {
  const suffix = dirname(path) === '.' ? '.zh-CN.md' : '.zh.md'
  return join(dirname(path), basename(path).replace(/\.md$/, suffix))
}

/** Documents that exist in both languages: those of `docs/`, the README and what is promised. */
export function translatedDocuments(): readonly Document[] {
  const english = allDocuments().filter(({ path }) => !/\.zh(-CN)?\.md$/.test(path))
  return english.filter(({ path }) => dirname(path) === 'docs' || ['README.md', 'SECURITY.md'].includes(path))
}

/** The sections of a text: the heading with its level, and what stands below it. */
export function sections({ prose }: Document): readonly { level: number; heading: string; body: string }[] {
  return prose
    .split(/^(?=#+ )/m)
    .filter((part) => part.startsWith('#'))
    .map((part) => {
      const [first = '', ...rest] = part.split('\n')
      const [, hashes = '', heading = ''] = /^(#+) (.*)$/.exec(first) ?? []
      return { level: hashes.length, heading, body: rest.join('\n') }
    })
}

/** The rows of the tables of a text as cells, without heads and rulers. */
export function tableRows(text: string): readonly (readonly string[])[] {
  const lines = text.split('\n')
  const isRuler = (line = '') => /^\|[ |:-]+\|$/.test(line)
  return lines
    .filter((line, index) => line.startsWith('|') && !isRuler(line) && !isRuler(lines[index + 1]))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    )
}

/** The anchor of a heading, as the code hosts make it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
    .replaceAll(' ', '-')
}

/** Whether a link of a document leads somewhere; `undefined` for links to other hosts. */
export function leadsSomewhere(from: Document, target: string): boolean | undefined {
  if (/^[a-z]+:/.test(target)) return undefined
  const [path = '', anchor] = target.split('#')
  const file = path === '' ? from.path : join(dirname(from.path), path)
  if (!existsSync(file)) return false
  if (anchor === undefined) return true
  const document = readDocument(file)
  if (document.prose.includes(`<a id="${anchor}"></a>`)) return true
  return sections(document).some(({ heading }) => anchorOf(heading) === anchor)
}
