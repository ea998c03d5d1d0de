import { describe, expect, test } from '@jest/globals'
import { sourceFiles } from './source-files.js'

/**
 * The floors of `lib`, from the top. A file imports from its own floor and from lower ones. The decision lies below everything
 * that has state or does I/O: it cannot reach them.
 */
const floors: readonly (readonly RegExp[])[] = [
  [/^lib\/index\.ts$/, /^lib\/(browser|browser-assets|cli|prometheus|simulator|status)\//, /^lib\/store\/redis\//],
  [
    /^lib\/(captcha-guard|require-captcha|cvm-role-credential|tke-oidc-credential|augment-express)\.ts$/,
    /^lib\/guard\//,
  ],
  [/^lib\/(options|report)\//, /^lib\/read-token\.ts$/],
  [/^lib\/(site|tencent)\//, /^lib\/store\/[^/]+$/],
  [/^lib\/admission\//],
  [/^lib\/(types|clock|client-address)\.ts$/, /^lib\/structures\//],
]

const files = sourceFiles()

function floorOf(path: string): number {
  return floors.findIndex((patterns) => patterns.some((pattern) => pattern.test(path)))
}

describe('the imports of lib', () => {
  test('are of files that exist, and every file is on one floor', () => {
    const known = new Set(files.map(({ path }) => path))
    const isSource = (path: string) => path.endsWith('.ts') && !path.includes('.generated')
    const unknown = files.flatMap(({ path, imports }) =>
      imports.filter((target) => isSource(target) && !known.has(target)).map((target) => `${path} → ${target}`),
    )
    expect(unknown).toEqual([])
    expect(files.filter(({ path }) => floorOf(path) < 0).map(({ path }) => path)).toEqual([])
    for (const { path } of files) {
      expect(floors.filter((patterns) => patterns.some((pattern) => pattern.test(path)))).toHaveLength(1)
    }
  })

  test('never go to a floor above', () => {
    const upwards = files.flatMap(({ path, imports }) =>
      imports
        .filter((target) => floorOf(target) >= 0 && floorOf(target) < floorOf(path))
        .map((to) => `${path} → ${to}`),
    )
    expect(upwards).toEqual([])
  })

  test('of what is known of Tencent, of the calls to it and of the store go from the first to the last alone', () => {
    const roomOf = (path: string) => /^lib\/(site|tencent|store(?!\/redis))\//.exec(path)?.[1]
    const between = files.flatMap(({ path, imports }) =>
      imports.flatMap((target) => {
        const [from, to] = [roomOf(path), roomOf(target)]
        return from !== undefined && to !== undefined && from !== to ? [`${from} → ${to}`] : []
      }),
    )
    expect([...new Set(between)]).toEqual(['site → store'])
  })

  test('hold no circle, of types neither', () => {
    const importsOf = new Map(files.map(({ path, imports }) => [path, imports]))
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
      if (done.has(path) || trail.includes(path)) return
      for (const target of importsOf.get(path) ?? []) visit(target, [...trail, path])
      done.add(path)
    }
    for (const { path } of files) visit(path, [])
    expect(circles).toEqual([])
  })

  test('lead from one entry point to another only where the main one offers the browser kit', () => {
    const roomOf = (path: string) =>
      /^lib\/(browser-assets|browser|cli|prometheus|simulator|status|store\/redis)\//.exec(path)?.[1]
    const between = files.flatMap(({ path, imports }) =>
      imports
        .filter((target) => roomOf(target) !== undefined && roomOf(target) !== roomOf(path))
        .map((target) => `${roomOf(path) ?? path} → ${roomOf(target)}`),
    )
    expect([...new Set(between)].sort()).toEqual(['cli → simulator', 'lib/index.ts → browser-assets'])
  })
})

describe('the decision', () => {
  test('imports nothing but itself', () => {
    const foreign = files
      .filter(({ path }) => path.startsWith('lib/admission/'))
      .flatMap(({ imports }) => imports.filter((target) => !target.startsWith('lib/admission/')))
    expect(foreign).toEqual([])
  })

  test.each(['Date', 'Promise', 'async', 'await', 'setTimeout', 'process', 'node:', 'Math.random', 'performance'])(
    'does not name %s',
    (word) => {
      const naming = files
        .filter(({ path }) => path.startsWith('lib/admission/'))
        .filter(({ text }) => withoutComments(text).includes(word))
      expect(naming.map(({ path }) => path)).toEqual([])
    },
  )
})

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
