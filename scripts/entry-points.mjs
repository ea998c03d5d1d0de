import { readFile } from 'node:fs/promises'

const root = new URL('../', import.meta.url)

/**
 * The entry points of the server, by the `exports` of package.json alone: `store/redis/index` for what `require` finds at
 * `dist/cjs/store/redis/index.js`, built from `lib/store/redis/index.ts`.
 */
export async function serverEntryPoints() {
  const { exports } = JSON.parse(await readFile(new URL('package.json', root), 'utf8'))
  return Object.values(exports).flatMap((target) => {
    const name = /^\.\/dist\/cjs\/(.+)\.js$/.exec(target.require?.default ?? '')?.[1]
    return name === undefined ? [] : [name]
  })
}
