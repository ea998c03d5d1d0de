import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** A source file of `lib` and the files of `lib` that it imports, types included. */
export interface SourceFile {
  /** From the repository's root: `lib/site/circuit.ts`. */
  readonly path: string
  readonly text: string
  readonly imports: readonly string[]
}

const importPattern = /(?:from|import)\s+'(\.[^']+)'/g

/** Every TypeScript file below `lib`, generated ones left out. */
export function sourceFiles(): readonly SourceFile[] {
  return readdirSync('lib', { recursive: true, encoding: 'utf8' })
    .map((name) => join('lib', name))
    .filter((path) => path.endsWith('.ts') && !path.includes('.generated.') && !path.endsWith('.d.ts'))
    .sort()
    .map((path) => {
      const text = readFileSync(path, 'utf8')
      return { path, text, imports: [...text.matchAll(importPattern)].map(([, target = '']) => resolve(path, target)) }
    })
}

function resolve(from: string, target: string): string {
  return normalize(join(dirname(from), target)).replace(/\.js$/, '.ts')
}
