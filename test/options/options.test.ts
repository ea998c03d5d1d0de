import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import ts from 'typescript'
import { safeParse } from 'valibot'
import { causeTable, degradationCauses } from '../../lib/admission/cause-table.js'
import type { OptionEntries } from '../../lib/options/captcha-config-error.js'
import { siteOptions } from '../../lib/options/config.js'
import { schema } from '../../lib/options/schema.js'
import { fromBody } from '../../lib/read-token.js'
import { type Loose, optionsWith, parse, required } from './support.js'

/** What the docstring of one option states. */
interface Documented {
  readonly path: string
  readonly isNumber: boolean
  readonly text: string
  readonly tags: Readonly<Record<string, string>>
}

const file = ts.createSourceFile('options.ts', source(), ts.ScriptTarget.Latest, true)

function source(): string {
  return readFileSync(new URL('../../lib/options/options.ts', import.meta.url), 'utf8')
}

/** Options of an interface of the file, and of the groups in it. */
function documentedIn(members: readonly ts.TypeElement[], parent: readonly string[]): Documented[] {
  return members.filter(ts.isPropertySignature).flatMap((member) => {
    const path = [...parent, member.name.getText()]
    const types = member.type && ts.isUnionTypeNode(member.type) ? [...member.type.types] : [member.type as ts.TypeNode]
    const own = {
      path: path.join('.'),
      isNumber: types.some((type) => type.kind === ts.SyntaxKind.NumberKeyword) && path[0] !== 'captchaAppId',
      text: textOf(ts.getJSDocCommentsAndTags(member).find(ts.isJSDoc)),
      tags: Object.fromEntries(ts.getJSDocTags(member).map((tag) => [tag.tagName.text, textOf(tag)])),
    }
    return [own, ...types.flatMap((type) => documentedIn(membersOf(type), path))]
  })
}

function textOf(node: ts.JSDoc | ts.JSDocTag | undefined): string {
  return ts.getTextOfJSDocComment(node?.comment) ?? ''
}

function membersOf(type: ts.TypeNode): readonly ts.TypeElement[] {
  if (ts.isTypeLiteralNode(type)) return [...type.members]
  return ts.isTypeReferenceNode(type) ? interfaceMembers(type.typeName.getText()) : []
}

function interfaceMembers(name: string): readonly ts.TypeElement[] {
  const interfaces = file.statements.filter(ts.isInterfaceDeclaration)
  return [...(interfaces.find((declared) => declared.name.text === name)?.members ?? [])]
}

const documented = documentedIn(interfaceMembers('CaptchaGuardOptions'), [])

function pathsIn(entries: OptionEntries): string[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const inner = (entry as { wrapped?: { entries?: OptionEntries } }).wrapped?.entries ?? {}
    return [name, ...pathsIn(inner).map((path) => `${name}.${path}`)]
  })
}

function memberAt(config: unknown, path: string): unknown {
  return path.split('.').reduce((group, name) => (group as Loose | undefined)?.[name], config)
}

/** Value of a piece of the documentation's JavaScript. */
function evaluate(code: string): unknown {
  const known = {
    process: { env: { APP_SECRET_KEY: 'a', SECRET_ID: 'b', SECRET_KEY: 'c' } },
    captcha: {
      v20190722: {
        Client: class {
          request() {}
        },
      },
    },
    credential: required.credential,
    fromBody,
    redis: {},
    redisStore: () => ({ kind: 'redis', connect() {} }),
  }
  return new Function(...Object.keys(known), `return (${code})`)(...Object.values(known))
}

const config = parse(required)
const rules = Object.fromEntries(degradationCauses.map((cause) => [cause, causeTable[cause].rule]))
const defaults = {
  ...config,
  channel: config.channel({} as never),
  degradation: { ...config.degradation, rules },
}

const inWords = /^(`|from |in memory)/

describe('the docstrings', () => {
  test('cover every option of the schema, in groups too', () => {
    expect(documented.map(({ path }) => path).sort()).toEqual(pathsIn(schema.entries).sort())
    for (const { path, text } of documented) expect(`${path}: ${text}`).toMatch(/: \S.+\.$/s)
  })

  test.each(documented.filter(({ tags }) => tags.default !== undefined && !inWords.test(tags.default)))(
    'state the default of $path',
    ({ path, tags }) => {
      expect(memberAt(defaults, path)).toEqual(evaluate(tags.default as string))
    },
  )

  test('state every default', () => {
    const withDefault = documented.filter(({ path }) => {
      const value = memberAt(defaults, path)
      const isPartOfPurse = /\.(perClient|total)\b/.test(path)
      return value !== undefined && !isGroup(value) && !isPartOfPurse && !(path in required)
    })
    expect(withDefault.filter(({ tags }) => tags.default === undefined)).toEqual([])
  })

  test('state in words only the defaults that are no plain values', () => {
    const stated = documented.filter(({ tags }) => tags.default !== undefined && inWords.test(tags.default))
    const functions = ['readToken', 'userIp', 'clientKey', 'store', 'logger']
    const inWordsOnly = ['endpoint', ...functions, 'degradation.fallback.scriptUrl']
    expect(stated.map(({ path }) => path)).toEqual(expect.arrayContaining(inWordsOnly))
    expect(stated).toHaveLength(inWordsOnly.length)
  })

  test('mark exactly the site options, a whole group at once where all of it is the site’s', () => {
    const marked = documented.filter(({ text }) => /\bSite option\b/.test(text)).map(({ path }) => path)
    const isMarked = (path: string) => marked.some((mark) => path === mark || path.startsWith(`${mark}.`))
    const single = documented.filter(({ path }) => path !== 'degradation.circuit' && isMarked(path))
    expect(single.map(({ path }) => path).sort()).toEqual([...siteOptions].sort())
  })

  test.each(documented.filter(({ isNumber }) => isNumber))('state the range of $path', ({ path, text }) => {
    const { accepted, refused } = rangeIn(text)
    const accepts = (value: number) => safeParse(schema, optionsWith(path, value)).success
    expect(accepted.filter((value) => !accepts(value))).toEqual([])
    expect(refused.filter(accepts)).toEqual([])
  })

  test.each(documented.filter(({ tags }) => tags.example !== undefined))(
    'have an example of $path that is accepted',
    ({ path, tags }) => {
      const name = path.split('.').at(-1) as string
      const example = evaluate(`{ ${tags.example} }`) as Loose
      expect(Object.keys(example)).toEqual([name])
      const options: Loose = optionsWith(path, example[name])
      parse(name === 'client' ? { ...options, credential: undefined } : options)
    },
  )

  test('have an example of every option that is no group, no rule and no part of a purse', () => {
    const isExempt = /^degradation(\.(rules\.\w+|outage|doubt|circuit|fallback)|\.\w+\.(perClient|total)\.\w+)?$/
    const without = documented.filter(({ path, tags }) => tags.example === undefined && !isExempt.test(path))
    expect(without.map(({ path }) => path)).toEqual([])
  })
})

function isGroup(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Values at the ends of the range that a docstring states, and just outside. */
function rangeIn(text: string): { readonly accepted: readonly number[]; readonly refused: readonly number[] } {
  const bounds = /Integer, (\d+) to (\d+)\./.exec(text)?.slice(1).map(Number)
  if (bounds !== undefined) {
    const [min = Number.NaN, max = Number.NaN] = bounds
    return { accepted: [min, max], refused: [min - 1, max + 1, min + 0.5] }
  }
  const atLeast = /Integer, at least (\d+)\./.exec(text)
  if (atLeast !== null) {
    const min = Number(atLeast[1])
    return { accepted: [min, Number.MAX_SAFE_INTEGER], refused: [min - 1, min + 0.5] }
  }
  if (text.includes('Number, 0 or more.')) return { accepted: [0, 0.5, 1e12], refused: [-Number.MIN_VALUE] }
  if (text.includes('Number above 0, at most 1.')) return { accepted: [Number.MIN_VALUE, 1], refused: [0, 1.01] }
  if (text.includes('Number above 0.')) return { accepted: [Number.MIN_VALUE, 1e12], refused: [0, -1] }
  throw new Error(`the docstring states no range: ${text}`)
}
