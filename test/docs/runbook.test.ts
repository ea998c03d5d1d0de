import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { degradationCauses, refusalTable } from '../../lib/admission/cause-table.js'
import type { OverrideMode } from '../../lib/admission/question.js'
import { type CaptchaGuard, captchaGuard, type GuardSnapshot } from '../../lib/index.js'
import { inChinese, readDocument, sections, tableRows } from './documents.js'

const english = 'docs/runbook.md'
const chinese = inChinese(english)

/** Chapters in their order. */
const chapters = ['first', 'door', 'worse', 'causes', 'states', 'alerts', 'lines', 'morning'] as const

interface Section {
  /** What it is about: the code of its heading. */
  readonly subject: string
  readonly body: string
}

function codeIn(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)
}

/** What stands below the heading of a chapter: its own text, and its sections. */
function readChapter(path: string, name: (typeof chapters)[number]): { text: string; parts: readonly Section[] } {
  const all = sections(readDocument(path))
  const starts = all.flatMap(({ level }, index) => (level === 2 ? index : []))
  const index = chapters.indexOf(name)
  const [head, ...parts] = all.slice(starts[index], starts[index + 1])
  return {
    text: head?.body ?? '',
    parts: parts.map(({ heading, body }) => ({ subject: codeIn(heading).join(' '), body })),
  }
}

function subjectsOf(path: string, chapter: (typeof chapters)[number]): readonly string[] {
  return readChapter(path, chapter).parts.map(({ subject }) => subject)
}

/** The code in the first cells of the tables. */
function rowNames(text: string): readonly string[] {
  return tableRows(text).flatMap(([first = '']) => codeIn(first))
}

/** Names that begin like an event's and are none: what the answers to refused requests say. */
const publicCodes: readonly string[] = Object.values(refusalTable).map(({ code }) => code)

/** Every event that a file of these folders names. */
function logEvents(): readonly string[] {
  const folders = ['lib/report', 'lib/guard', 'lib/site']
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  const names = files.flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'(captcha_[a-z_]+)'/g)])
  return [...new Set(names.map(([, name = '']) => name))].filter((name) => !publicCodes.includes(name)).sort()
}

/** The names in a file that another part of the package brings; `undefined` where this build lacks the part. */
function namesIn(file: string, pattern: RegExp): readonly string[] | undefined {
  if (!existsSync(file)) return undefined
  return [...new Set([...readFileSync(file, 'utf8').matchAll(pattern)].map(([, name = '']) => name))].sort()
}

type StateOf<Field extends 'api' | 'circuit' | 'store'> = GuardSnapshot[Field]['state']
type EndpointState = GuardSnapshot['endpoints'][number]['state']

// The compiler refuses a list that lacks a state. True: it has a section of its own.
const paths = { healthy: false, suspect: true, outage: true } satisfies Record<StateOf<'api'>, boolean>
const circuits = { closed: false, suspect: true, open: true } satisfies Record<StateOf<'circuit'>, boolean>
const stores = { up: false, down: true } satisfies Record<StateOf<'store'>, boolean>
const endpoints = { unknown: false, healthy: false, failed: true } satisfies Record<EndpointState, boolean>
const modes = { pass: true, verify_only: true, none: true } satisfies Record<OverrideMode, true>

const states = Object.entries({ api: paths, clientPath: paths, circuit: circuits, store: stores, endpoints }).flatMap(
  ([field, known]) => Object.entries(known).map(([state, isUnusual]) => ({ field, state, isUnusual })),
)

describe.each([english, chinese])('%s', (path) => {
  let guard: CaptchaGuard
  beforeAll(() => {
    const credential = { secretId: 'test', secretKey: 'test' }
    guard = captchaGuard({ captchaAppId: 190000001, appSecretKey: 'test', credential, logger: false })
  })
  afterAll(() => guard.close())

  test('has a section for every log event', () => {
    expect([...subjectsOf(path, 'lines')].sort()).toEqual(logEvents())
  })

  test('has a section for every mode of the override', () => {
    expect([...subjectsOf(path, 'door')].sort()).toEqual(Object.keys(modes).sort())
  })

  test('has a section for every state that is not the usual one, and one for all that are', () => {
    const [usual = '', ...others] = subjectsOf(path, 'states')
    const unusual = states.filter(({ isUnusual }) => isUnusual)
    expect(others).toEqual(expect.arrayContaining(unusual.map(({ field, state }) => `${field} ${state}`)))
    const expected = new Set(states.filter(({ isUnusual }) => !isUnusual).map(({ state }) => state))
    expect(usual.split(' ').sort()).toEqual([...expected].sort())
  })

  test('says what every field of a snapshot means', () => {
    const named = readChapter(path, 'states').parts.flatMap(({ subject, body }) => [
      ...subject.split(' '),
      ...codeIn(body),
    ])
    expect(Object.keys(guard.snapshot()).filter((field) => !named.includes(field))).toEqual([])
  })

  test('has a row for every cause', () => {
    expect([...rowNames(readChapter(path, 'causes').text)].sort()).toEqual([...degradationCauses].sort())
  })

  test('leads on from every headline of the status page', () => {
    const headlines = readChapter(path, 'states').parts.find(({ body }) => body.includes('`findings`'))?.body ?? ''
    const documented = [...rowNames(headlines)].sort()
    expect(documented).toContain('healthy')
    expect(namesIn('lib/status/findings.ts', /kind: '(\w+)'/g) ?? documented).toEqual(documented)
  })

  test('has a section for every alert', () => {
    const documented = [...subjectsOf(path, 'alerts')].sort()
    expect(documented).toContain('CaptchaOutage')
    expect(namesIn('docs/alerts/rules.yml', /^\s*- alert: (\w+)$/gm) ?? documented).toEqual(documented)
  })

  test('leaves no section empty', () => {
    const empty = chapters.flatMap((name) => readChapter(path, name).parts.filter(({ body }) => body.trim() === ''))
    expect(empty).toEqual([])
  })
})

test('both languages have the same sections in the same order', () => {
  for (const name of chapters) expect(subjectsOf(chinese, name)).toEqual(subjectsOf(english, name))
  expect(sections(readDocument(english)).filter(({ level }) => level === 2)).toHaveLength(chapters.length)
})
