import { readFileSync } from 'node:fs'

/** The TypeScript blocks of a document that begin with a comment naming their file, by that name. */
export function namedCodeBlocks(document: string): ReadonlyMap<string, string> {
  const text = readFileSync(document, 'utf8')
  const blocks = [...text.matchAll(/^```ts\n\/\/ ([\w-]+\.ts)\n([\s\S]*?)^```$/gm)]
  return new Map(blocks.map(([, name = '', code = '']) => [name, code]))
}
