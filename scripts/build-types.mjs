// Gathers the types of each entry point in one file, of what its users can reach and nothing else, and writes the report of its
// public API, which `npm run api` puts in the repository. The types of `dist/esm` are those of `dist/cjs`.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'
import { shareTypes } from './share-types.mjs'

/** What the kit for pages is called beside the entry points of the server. */
const browser = 'browser/index'

/**
 * @param {string} out the folder of the package's build
 * @param {readonly string[]} entryPoints names below `lib/`, without `.ts`
 */
export async function buildTypes(out, entryPoints) {
  const declarations = join(out, 'types')
  // `npm run typecheck` checks; the build only emits.
  emit('tsconfig.types.json', declarations)
  emit('lib/browser/tsconfig.json', declarations)
  const rolled = [
    ...entryPoints.map((name) => ({ name, file: join(out, 'cjs', `${name}.d.ts`) })),
    { name: browser, file: join(out, 'browser/cjs/index.d.ts') },
  ]
  await rollUp(declarations, join(out, 'api'), rolled)
  for (const { name, file } of rolled) {
    const augmentation = await globalAugmentation(join(declarations, `${name}.d.ts`))
    if (augmentation === '') continue
    await insertBefore(file, /^export \{ \}$/m, `${augmentation}\n`)
    await insertBefore(join(out, 'api', reportName(name)), /^\/\/ \(No @packageDocumentation/m, `${augmentation}\n`)
  }
  const [main, ...others] = entryPoints.map((name) => join(out, 'cjs', `${name}.d.ts`))
  await shareTypes(main, others)
  for (const name of entryPoints) await writeReference(join(out, 'esm', name), `${up(name)}cjs/${name}.js`)
  await writeReference(join(out, 'browser/index'), './cjs/index.js')
  await rm(declarations, { recursive: true })
}

function up(name) {
  return '../'.repeat(name.split('/').length)
}

function emit(project, outDir) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--noCheck', '--rootDir', 'lib']
  execFileSync(process.execPath, [tsc, '-p', project, ...flags, '--outDir', outDir], { stdio: 'inherit' })
}

async function writeReference(path, target) {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(`${path}.d.ts`, `export * from '${target}'\n`)
}

/** What the modules that an entry point imports for their effect add to global types; the extractor leaves it out. */
async function globalAugmentation(entry) {
  const imports = [...(await readFile(entry, 'utf8')).matchAll(/^import '(.+)\.js';$/gm)]
  const texts = await Promise.all(imports.map(([, path]) => readFile(join(dirname(entry), `${path}.d.ts`), 'utf8')))
  return texts.map((text) => text.slice(text.indexOf('declare global'))).join('\n')
}

async function insertBefore(file, place, addition) {
  const text = await readFile(file, 'utf8')
  if (!place.test(text)) throw new Error(`${file} has no place for the global types`)
  await writeFile(
    file,
    text.replace(place, (found) => `${addition}${found}`),
  )
}

function reportName(name) {
  return `${name.replace(/\/?index$/, '').replaceAll('/', '-') || 'main'}.api.md`
}

/** One compilation serves all entry points. */
async function rollUp(declarations, reports, rolled) {
  await mkdir(reports, { recursive: true })
  const configs = rolled.map(({ name, file }) => extractorConfig(declarations, reports, name, file))
  const [first, ...others] = configs
  const compilerState = CompilerState.create(first, {
    additionalEntryPoints: others.map(({ mainEntryPointFilePath }) => mainEntryPointFilePath),
  })
  for (const config of configs) {
    const { errorCount } = Extractor.invoke(config, { compilerState, localBuild: true, messageCallback: onlyErrors })
    if (errorCount > 0) throw new Error(`The types of ${config.mainEntryPointFilePath} cannot be gathered`)
  }
}

function onlyErrors(message) {
  message.handled = message.logLevel !== 'error'
}

function extractorConfig(declarations, reports, name, file) {
  const none = { default: { logLevel: 'none' } }
  const projectFolder = resolve('.')
  return ExtractorConfig.prepare({
    packageJsonFullPath: resolve('package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder,
      mainEntryPointFilePath: resolve(declarations, `${name}.d.ts`),
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'dom', 'dom.iterable'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            types: ['node'],
            strict: true,
            skipLibCheck: true,
          },
        },
      },
      apiReport: {
        enabled: true,
        includeForgottenExports: true,
        reportFileName: reportName(name),
        reportFolder: resolve(reports),
        reportTempFolder: resolve(declarations),
      },
      dtsRollup: { enabled: true, untrimmedFilePath: resolve(file) },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: none, tsdocMessageReporting: none },
    },
  })
}
