// Builds what runs on servers: one implementation in CommonJS, whose entry points share chunks, and beside it for each entry point a
// module that exports the same by name. So `import` and `require` in one process meet one copy of everything.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, transform } from 'esbuild'
import { shortenLocals } from './shorten-locals.mjs'

const target = 'node20'

/** Minified: a page, a stand-in and a command. Errors of what runs with an application's requests name the functions of the source. */
const toolEntryPoints = /^lib\/(cli|simulator|status)\//

/**
 * The kit's text for `captchaAssets` is a file of its own. In the tarball it follows `captcha-guard.iife.js`, sorted by name, and
 * its copy of the kit takes no space there.
 */
const kitBesideItsCopy = {
  name: 'kit-beside-its-copy',
  setup({ onResolve }) {
    onResolve({ filter: /\/iife-source\.generated\.js$/ }, () => ({ path: `./${kitTexts}`, external: true }))
  },
}
const kitTexts = 'captcha-guard.texts.js'

/**
 * The bundler's statements of import and export in CommonJS. Its own translation calls each import through a getter, and is longer.
 * Nothing that a chunk exports is assigned to later, and no two import each other.
 */
function toCommonJs(code) {
  const translated = code
    .replace(/^import ([\w$]+), (\{[^}]*\}) from ("[^"]+");$/gm, 'import $1 from $3;\nimport $2 from $3;')
    .replace(/^import (?:\* as )?([\w$]+) from ("[^"]+");$/gm, 'const $1 = require($2);')
    .replace(
      /^import (\{[^}]*\}) from ("[^"]+");$/gm,
      (_, names, from) => `const ${renamed(names)} = require(${from});`,
    )
    .replace(/^import ("[^"]+");$/gm, 'require($1);')
    .replace(/^export (\{[^}]+\});$/gm, (_, names) => `module.exports = ${names.replace(/(\S+) as (\S+)/g, '$2: $1')};`)
  const left = /^(import|export) .*/m.exec(translated)
  if (left) throw new Error(`The build does not translate this into CommonJS: ${left[0]}`)
  // A command's first line is `#!`.
  return translated.replace(/^(#!.*\n)?/, '$1"use strict";\n')
}

function renamed(names) {
  return names.replace(/(\S+) as (\S+)/g, '$1: $2')
}

/**
 * @param {string} out the folder of the package's build
 * @param {readonly string[]} entryPoints names below `lib/`, without `.ts`
 */
export async function buildServer(out, entryPoints) {
  const { outputFiles, metafile } = await build({
    entryPoints: Object.fromEntries(['cli/main', ...entryPoints].map((name) => [name, `lib/${name}.ts`])),
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    outdir: join(out, 'cjs'),
    loader: { '.lua': 'text' },
    plugins: [kitBesideItsCopy],
    packages: 'external',
    platform: 'node',
    target,
    charset: 'utf8',
    logLevel: 'warning',
  })
  // The package is `type: module`; this file makes Node and TypeScript read dist/cjs as CommonJS.
  await writeText(join(out, 'cjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
  const tools = onlyOfTools(metafile.outputs)
  await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      const code = toCommonJs(text)
      await writeText(path, tools.has(relative('.', path)) ? await minified(code) : await shortenLocals(code))
    }),
  )
  const kit = await readFile('lib/browser-assets/iife-source.generated.ts', 'utf8')
  await writeText(
    join(out, 'cjs', kitTexts),
    (await transform(kit, { loader: 'ts', format: 'cjs', charset: 'utf8' })).code,
  )
  await chmod(join(out, 'cjs/cli/main.js'), 0o755)
  const built = Object.values(metafile.outputs)
  for (const name of entryPoints) {
    const { exports } = built.find(({ entryPoint }) => entryPoint === `lib/${name}.ts`)
    const up = '../'.repeat(name.split('/').length)
    await writeText(join(out, 'esm', `${name}.js`), `export { ${exports.join(', ')} } from '${up}cjs/${name}.js'\n`)
  }
}

async function minified(script) {
  const { code } = await transform(script, { format: 'cjs', minify: true, target, charset: 'utf8' })
  return code
}

/** The outputs that no other entry point imports, itself or by a chunk. */
function onlyOfTools(outputs) {
  const readable = new Set()
  const add = (path) => {
    if (readable.has(path) || outputs[path] === undefined) return
    readable.add(path)
    for (const imported of outputs[path].imports) add(imported.path)
  }
  for (const [path, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined && !toolEntryPoints.test(entryPoint)) add(path)
  return new Set(Object.keys(outputs).filter((path) => !readable.has(path)))
}

async function writeText(file, text) {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
