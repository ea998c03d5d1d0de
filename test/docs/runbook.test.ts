import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { degradationCauses, refusalTable } from '../../lib/admission/cause-table.js'
import type { OverrideMode } from '../../lib/admission/question.js'
import { type CaptchaGuard, captchaGuard, type GuardSnapshot } from '../../lib/index.js'

const root = join(import.meta.dirname, '../..')
const [english, chinese] = ['docs/runbook.md', 'docs/runbook.zh.md']

interface Section {
  readonly level: number
  readonly heading: string
  readonly body: string
  /** What it is about: the code of its heading. */
  readonly subjects: readonly string[]
}

function codeIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8').replace(/^```\w*\n[\s\S]*?^```$/gm, '')
}

function sectionsOf(path: string): readonly Section[] {
  return textOf(path)
    .split(/^(?=#+ )/m)
    .map((part) => {
      const [, hashes = '', heading = '', body = ''] = /^(#+) (.*)\n([\s\S]*)$/.exec(part) ?? []
      return { level: hashes.length, heading, body: body.trim(), subjects: codeIn(heading) }
    })
}

/** The chapters by the same order in both languages. */
const chapters = ['first', 'door', 'worse', 'causes', 'states', 'alerts', 'lines', 'morning'] as const

/** The sections below a chapter. */
function sectionsBelow(path: string, chapter: (typeof chapters)[number]): readonly Section[] {
  const sections = sectionsOf(path)
  const starts = sections.flatMap(({ level }, index) => (level === 2 ? index : []))
  const index = chapters.indexOf(chapter)
  return sections.slice((starts[index] ?? 0) + 1, starts[index + 1])
}

const subjectsBelow = (path: string, chapter: (typeof chapters)[number]) =>
  sectionsBelow(path, chapter).map(({ subjects }) => subjects.join(' '))

/** Names that begin like an event's and are none: what the answers to refused requests say. */
const publicCodes: readonly string[] = Object.values(refusalTable).map(({ code }) => code)

/** Every event that a file of these folders names. */
function logEvents(): readonly string[] {
  const folders = ['lib/report', 'lib/guard', 'lib/site']
  const files = folders.flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
  const names = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'(captcha_[a-z_]+)'/g)])
  const events = names.map(([, name = '']) => name).filter((name) => !publicCodes.includes(name))
  return [...new Set(events)].sort()
}

type StateOf<Field extends 'api' | 'circuit' | 'store'> = GuardSnapshot[Field]['state']
type EndpointState = GuardSnapshot['endpoints'][number]['state']

// The compiler refuses a state that is missing here.
const paths = { healthy: false, suspect: true, outage: true } satisfies Record<StateOf<'api'>, boolean>
const circuits = { closed: false, suspect: true, open: true } satisfies Record<StateOf<'circuit'>, boolean>
const stores = { up: false, down: true } satisfies Record<StateOf<'store'>, boolean>
const endpoints = { unknown: false, healthy: false, failed: true } satisfies Record<EndpointState, boolean>
const modes = { pass: true, verify_only: true, none: true } satisfies Record<OverrideMode, true>

const states = { api: paths, clientPath: paths, circuit: circuits, store: stores, endpoints }

const rulesPath = join(root, 'docs/alerts/rules.yml')
const findingsPath = join(root, 'lib/status/findings.ts')

function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
}

describe.each([english, chinese])('%s', (path) => {
  let guard: CaptchaGuard
  beforeAll(() => {
    const credential = { secretId: 'test', secretKey: 'test' }
    guard = captchaGuard({ captchaAppId: 190000001, appSecretKey: 'test', credential, logger: false })
  })
  afterAll(() => guard.close())

  test('has a section for every log event', () => {
    expect([...subjectsBelow(path, 'lines')].sort()).toEqual(logEvents())
  })

  test('has a section for every mode of the override', () => {
    expect([...subjectsBelow(path, 'door')].sort()).toEqual(Object.keys(modes).sort())
  })

  test('has a section for every state that is not the usual one, and one for all of these', () => {
    const sections = sectionsBelow(path, 'states')
    const expected = Object.entries(states).flatMap(([field, known]) =>
      Object.entries(known).flatMap(([state, isUnusual]) => (isUnusual ? `${field} ${state}` : [])),
    )
    expect(sections.map(({ subjects }) => subjects.join(' '))).toEqual(expect.arrayContaining(expected))
    const usual = Object.values(states).flatMap((known) =>
      Object.entries(known).flatMap(([state, isUnusual]) => (isUnusual ? [] : state)),
    )
    expect([...(sections[0]?.subjects ?? [])].sort()).toEqual([...new Set(usual)].sort())
  })

  test('leads on from every headline of the status page', () => {
    const { body = '' } = sectionsBelow(path, 'states').at(-2) ?? {}
    const documented = [...body.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => codeIn(cell))
    expect(documented).toContain('healthy')
    if (!existsSync(findingsPath)) return
    const [, tones = ''] = /const tones = \{([^}]*)\}/.exec(readFileSync(findingsPath, 'utf8')) ?? []
    const kinds = [...tones.matchAll(/^\s*(\w+):/gm)].map(([, kind = '']) => kind)
    expect([...documented].sort()).toEqual(kinds.sort())
  })

  test('says what every field of a snapshot means', () => {
    const named = sectionsBelow(path, 'states').flatMap(({ heading, body }) => codeIn(`${heading}\n${body}`))
    expect(Object.keys(guard.snapshot()).filter((field) => !named.includes(field))).toEqual([])
  })

  test('has a row for every cause', () => {
    const body = sectionsOf(path).filter(({ level }) => level === 2)[chapters.indexOf('causes')]?.body ?? ''
    const rows = [...body.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => codeIn(cell))
    expect([...rows].sort()).toEqual([...degradationCauses].sort())
  })

  test('has a section for every alert that the rules raise', () => {
    const documented = [...subjectsBelow(path, 'alerts')].sort()
    expect(documented.length).toBeGreaterThan(0)
    for (const name of documented) expect(name).toMatch(/^Captcha[A-Za-z]+$/)
    if (!existsSync(rulesPath)) return
    const alerts = [...readFileSync(rulesPath, 'utf8').matchAll(/^\s*- alert: (\w+)$/gm)].map(([, name = '']) => name)
    expect(documented).toEqual([...new Set(alerts)].sort())
  })

  test('leaves no section empty, and links to sections and files that exist', () => {
    const sections = sectionsOf(path)
    // A chapter may consist of its sections.
    const empty = sections.filter(({ level, body }) => body === '' && level !== 2)
    expect(empty.map(({ heading }) => heading)).toEqual([])
    const anchors = sections.map(({ heading }) => `#${anchorOf(heading)}`)
    const targets = [...textOf(path).matchAll(/\]\(([^)]+)\)/g)].map(([, target = '']) => target)
    const dangling = targets.filter((target) =>
      target.startsWith('#') ? !anchors.includes(target) : !existsSync(join(root, 'docs', target)),
    )
    expect(dangling).toEqual([])
    expect(targets.length).toBeGreaterThan(20)
  })
})

test('both languages have the same sections, in the same order, with rows and steps alike', () => {
  const outline = (path: string) =>
    sectionsOf(path).map(({ level, subjects, body }) => ({
      level,
      subjects,
      rows: [...body.matchAll(/^\|/gm)].length,
      steps: [...body.matchAll(/^(\d+\.|-) /gm)].length,
      figures: [...body.replace(/\]\([^)]*\)/g, ']').matchAll(/\d+/g)].map(([figure]) => figure).sort(),
    }))
  expect(outline(chinese)).toEqual(outline(english))
  expect(sectionsOf(english).filter(({ level }) => level === 2)).toHaveLength(chapters.length)
})
