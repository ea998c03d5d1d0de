// Gathers the types of the server's entry points in one file, of what their users can reach and nothing else: a type that two entry
// points name is one type, and is in the package once. An entry point exports its names from there. Writes the report of each public
// API as well, which `npm run api` puts in the repository.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { CompilerState, Extractor, ExtractorConfig } from '@microsoft/api-extractor'

const browser = 'browser/index'
/** The module of all entry points of the server. */
const server = 'server'

/**
 * @param {string} out the folder of the package's build
 * @param {readonly string[]} entryPoints names below `lib/`, without `.ts`
 */
export async function buildTypes(out, entryPoints) {
  const declarations = join(out, 'types')
  // `npm run typecheck` checks; the build only emits.
  emit('tsconfig.types.json', declarations)
  emit('lib/browser/tsconfig.json', declarations)
  const all = entryPoints.map((name) => `export * from './${name}.js';\n`)
  await writeFile(join(declarations, `${server}.d.ts`), all.join(''))

  const reports = join(out, 'api')
  const rolledServer = join(out, 'cjs/types.d.ts')
  await mkdir(reports, { recursive: true })
  extract(declarations, [
    ...entryPoints.map((name) => ({ name, report: join(reports, reportName(name)) })),
    { name: browser, report: join(reports, reportName(browser)), rolled: join(out, 'browser/cjs/index.d.ts') },
    { name: server, rolled: rolledServer },
  ])
  await writeFile(rolledServer, withoutInternalComments(await readFile(rolledServer, 'utf8')))
  await addGlobalTypes(declarations, rolledServer, join(reports, reportName('index')))
  for (const name of entryPoints)
    await writeEntryPoint(out, name, await readFile(join(reports, reportName(name)), 'utf8'))
  await writeText(join(out, 'browser/index.d.ts'), "export * from './cjs/index.js';\n")
  await rm(declarations, { recursive: true })
}

function emit(project, outDir) {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const flags = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--noCheck', '--rootDir', 'lib']
  execFileSync(process.execPath, [tsc, '-p', project, ...flags, '--outDir', outDir], { stdio: 'inherit' })
}

/** `store-redis.api.md` for `store/redis/index`. */
function reportName(name) {
  return `${name.replace(/\/?index$/, '').replaceAll('/', '-') || 'main'}.api.md`
}

/** Comments of types that cannot be imported are read by no editor. A blank line ends a declaration, and is in none. */
function withoutInternalComments(types) {
  const isInternal = (declaration) => /^(\/\*\*[\s\S]*?\*\/\n)?declare /.test(declaration)
  const plain = (declaration) => declaration.replace(/^ *\/\*\*[\s\S]*?\*\/\n/gm, '')
  return types
    .split('\n\n')
    .map((declaration) => (isInternal(declaration) ? plain(declaration) : declaration))
    .join('\n\n')
}

/** What the main entry point adds to the types of Express; the extractor leaves it out. */
async function addGlobalTypes(declarations, types, report) {
  const text = await readFile(join(declarations, 'augment-express.d.ts'), 'utf8')
  const augmentation = `${text.slice(text.indexOf('declare global'))}\n`
  await insertBefore(types, /^export \{ \}$/m, augmentation)
  await insertBefore(report, /^\/\/ \(No @packageDocumentation/m, augmentation)
}

async function insertBefore(file, place, addition) {
  const text = await readFile(file, 'utf8')
  if (!place.test(text)) throw new Error(`${file} has no place for the global types`)
  await writeFile(
    file,
    text.replace(place, (found) => addition + found),
  )
}

/** The report of an entry point begins a line with `export` for each name that it exports. */
async function writeEntryPoint(out, name, report) {
  const names = [...report.matchAll(/^export (?:abstract )?(?:class|const|function|interface|type) (\w+)/gm)]
  const others = report.match(/^export (?!(abstract )?(class|const|function|interface|type) |\{ \})/gm)?.length ?? 0
  if (others > 0) throw new Error(`The report of ${name} exports in a form that the build does not know`)
  const up = '../'.repeat(name.split('/').length - 1) || './'
  const list = [...new Set(names.map(([, exported]) => exported))].join(', ')
  await writeText(join(out, 'cjs', `${name}.d.ts`), `export { ${list} } from '${up}types.js';\n`)
  await writeText(
    join(out, 'esm', `${name}.d.ts`),
    `export * from '${up === './' ? '../' : `../${up}`}cjs/${name}.js';\n`,
  )
}

async function writeText(file, text) {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

/** One compilation serves all. */
function extract(declarations, wanted) {
  const configs = wanted.map((each) => extractorConfig(declarations, each))
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

function extractorConfig(declarations, { name, report, rolled }) {
  const none = { default: { logLevel: 'none' } }
  return ExtractorConfig.prepare({
    packageJsonFullPath: resolve('package.json'),
    configObjectFullPath: undefined,
    configObject: {
      projectFolder: resolve('.'),
      mainEntryPointFilePath: resolve(declarations, `${name}.d.ts`),
      newlineKind: 'lf',
      compiler: { overrideTsconfig: { compilerOptions, files: [resolve(declarations, `${name}.d.ts`)] } },
      apiReport: {
        enabled: report !== undefined,
        includeForgottenExports: true,
        reportFileName: reportName(name),
        reportFolder: resolve(dirname(report ?? rolled)),
        reportTempFolder: resolve(declarations),
      },
      dtsRollup: { enabled: rolled !== undefined, untrimmedFilePath: rolled === undefined ? '' : resolve(rolled) },
      docModel: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: none, tsdocMessageReporting: none },
    },
  })
}

const compilerOptions = {
  target: 'es2022',
  // The DOM for the kit.
  lib: ['es2023', 'dom', 'dom.iterable'],
  module: 'nodenext',
  moduleResolution: 'nodenext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}
