// Builds what runs on servers: one implementation in CommonJS, whose entry points share chunks, and beside it for each entry point a
// module that exports the same by name. So `import` and `require` in one process meet one copy of everything.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, transform } from 'esbuild'

const target = 'node20'

/** Blanks and comments of the sources go; esbuild writes the code anew, readable, for whoever looks up a line of a stack. */
const withoutComments = {
  name: 'without-comments',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]lib[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const { code } = await transform(source, {
        loader: 'ts',
        sourcefile: path,
        target,
        minifyWhitespace: true,
        charset: 'utf8',
        tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true, target: 'ES2022' } },
      })
      const marked = /^(#!|$)/.test(code) ? code : `//! ${relative('.', path)}\n${code}`
      return { contents: marked, loader: 'js' }
    })
  },
}

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
    plugins: [withoutComments, kitBesideItsCopy],
    packages: 'external',
    platform: 'node',
    target,
    charset: 'utf8',
    legalComments: 'inline',
    logLevel: 'warning',
  })
  // The package is `type: module`; this file makes Node and TypeScript read dist/cjs as CommonJS.
  await writeText(join(out, 'cjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
  await Promise.all(
    outputFiles.map(async ({ path, text }) => {
      // Only the command line is minified: what it prints of an error is the message.
      const minify = relative(join(out, 'cjs'), path).startsWith('cli')
      const { code } = await transform(text, { format: 'cjs', platform: 'node', target, charset: 'utf8', minify })
      await writeText(path, code)
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

async function writeText(file, text) {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
