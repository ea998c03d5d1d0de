import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { transform } from '@swc/core'
import type { Simulator } from '../../lib/simulator/index.js'

/** The modules of a document, written where the package's own name and the libraries are found. */
export interface Recipes {
  readonly directory: string
  readonly files: readonly string[]
  remove(): Promise<void>
}

/** Writes the modules of a document as they stand, and as JavaScript beside it. */
export async function writeRecipes(blocks: ReadonlyMap<string, string>): Promise<Recipes> {
  const directory = await mkdtemp(resolve('.recipes-'))
  for (const [name, code] of blocks) {
    await writeFile(join(directory, name), code)
    const { code: compiled } = await transform(code, {
      filename: name,
      jsc: {
        parser: { syntax: 'typescript', decorators: true },
        target: 'es2022',
        transform: { legacyDecorator: true },
      },
      module: { type: 'es6' },
    })
    await writeFile(join(directory, name.replace(/\.ts$/, '.js')), compiled)
  }
  const files = [...blocks.keys()].map((name) => join(directory, name))
  return { directory, files, remove: () => rm(directory, { recursive: true, force: true }) }
}

/** What the compiler says about the modules under `strict`. */
export function compileStrictly({ files }: Recipes): string {
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const flags = ['--noEmit', '--strict', '--skipLibCheck', '--experimentalDecorators', '--target', 'es2022']
  const modules = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--types', 'node']
  const { stdout } = spawnSync(process.execPath, [tsc, ...flags, ...modules, ...files], { encoding: 'utf8' })
  return stdout
}

/** A recipe that listens, and the function that ends it. */
export interface RecipeProcess {
  readonly url: string
  stop(): Promise<void>
}

/** Runs a recipe against a simulator. */
export async function startRecipe(
  { directory }: Recipes,
  name: string,
  simulator: Simulator,
  extraEnv: Readonly<Record<string, string>> = {},
): Promise<RecipeProcess> {
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    CAPTCHA_APP_ID: String(simulator.captchaAppId),
    CAPTCHA_APP_SECRET_KEY: simulator.appSecretKey,
    TENCENTCLOUD_SECRET_ID: simulator.credential.secretId,
    TENCENTCLOUD_SECRET_KEY: simulator.credential.secretKey,
    CAPTCHA_ENDPOINT: simulator.url,
    ...extraEnv,
  }
  const child: ChildProcess = spawn(process.execPath, [join(directory, `${name}.js`)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const url = await new Promise<string>((found, fail) => {
    child.once('exit', (code) => fail(new Error(`exited with ${code}`)))
    lines.on('line', (line) => {
      if (line.startsWith('http')) found(line)
    })
  })
  return {
    url,
    async stop() {
      if (child.exitCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}
