import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { compilePreload, type Preload } from '../attacks/preload.js'
import { BundledProcess } from '../support/bundled-process.js'
import { sections } from './cases/index.js'
import { authority } from './certificates.js'
import { documentPaths, type Language, type Measured, renderDocument } from './document.js'
import type { FaultCase } from './fault-case.js'
import { GuardedApp } from './guarded-app.js'
import { Lab } from './lab.js'
import { missingNeeds, packages } from './needs.js'
import { type Observation, runCase } from './run-case.js'

jest.setTimeout(60_000)

/** `FAULTS=write` runs the whole form, and writes the document if every row has held. */
const writes = process.env.FAULTS === 'write'
const isWhole = writes || process.env.FAULTS === 'whole'
const missing = missingNeeds()
const missingPackages = missing.filter((need) => packages.has(need))
if (process.env.CI === 'true' && missingPackages.length > 0) throw new Error(`missing: ${missingPackages.join(', ')}`)

const observed = new Map<string, Observation>()
let folder: string
let preload: Preload | undefined
let bundle: BundledProcess
let app: GuardedApp

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'captcha-guard-faults-'))
  writeFileSync(join(folder, 'authority.pem'), authority)
  preload = missing.includes('a C compiler') ? undefined : compilePreload()
  bundle = await BundledProcess.bundle('test/faults/guarded-process.ts')
  app = startApp()
})

afterAll(() => {
  bundle.close()
  preload?.remove()
  rmSync(folder, { recursive: true, force: true })
})

function writeDocuments(): void {
  for (const [language, path] of Object.entries(documentPaths)) {
    writeFileSync(path, renderDocument(sections, language as Language, measured()))
  }
}

function measured(): Measured {
  const tookMs = [...observed.values()].filter(({ seen }) => seen.time === 'at once').map(({ tookMs }) => tookMs)
  tookMs.sort((a, b) => a - b)
  return {
    node: process.version.slice(1),
    platform: process.platform,
    medianMs: tookMs[Math.floor(tookMs.length / 2)] as number,
    slowestMs: tookMs.at(-1) as number,
  }
}

function startApp(env: Readonly<Record<string, string>> = {}): GuardedApp {
  return new GuardedApp(bundle, {
    NODE_EXTRA_CA_CERTS: join(folder, 'authority.pem'),
    ...(preload && { LD_PRELOAD: preload.path, HANG_FILE: preload.hangFile }),
    ...env,
  })
}

/** One app id for each guard of the run: none shares a site, and a server sees whom it answers. */
let captchaAppIds = 190_000_000

async function observe(fault: FaultCase): Promise<Observation> {
  const hangFile = preload?.hangFile ?? ''
  const labs = [await Lab.open(++captchaAppIds, hangFile), await Lab.open(++captchaAppIds, hangFile)] as const
  const own = fault.env && startApp(fault.env(labs[0]))
  try {
    return await runCase(fault, own ?? app, labs, isWhole)
  } catch (error) {
    // Its guards may still be open.
    app.close()
    app = startApp()
    throw error
  } finally {
    own?.close()
    for (const lab of labs) await lab.close()
  }
}

/** Of each section the short form runs the first rows without a wait. */
const shortCount = 3

function isFast({ expected }: FaultCase): boolean {
  return expected.time === 'at once' && expected.next.time === 'at once'
}

describe.each(sections.map(({ title, cases }) => ({ title: title.en, cases })))('$title:', ({ cases }) => {
  const possible = cases.filter(({ needs = [] }) => !needs.some((need) => missing.includes(need)))
  const running = isWhole ? possible : possible.filter(isFast).slice(0, shortCount)
  if (running.length > 0) {
    test.each(running)('$id: $fault.en has the effects of its row', async (fault) => {
      const observation = await observe(fault)
      expect(observation.seen).toEqual(fault.expected)
      expect(observation.problems).toEqual([])
      if (isWhole && fault.plain) expect(observation).toMatchObject({ isPlainAsTold: true })
      observed.set(fault.id, observation)
    })
  }
  for (const { id, needs = [] } of cases) {
    const lacks = needs.filter((need) => missing.includes(need))
    if (lacks.length > 0) test.skip(`${id}: needs ${lacks.join(' and ')}`, () => {})
  }
})

if (writes) {
  test('every row has held: the documents are written', () => {
    expect(observed.size).toBe(sections.reduce((sum, { cases }) => sum + cases.length, 0))
    writeDocuments()
  })
}
