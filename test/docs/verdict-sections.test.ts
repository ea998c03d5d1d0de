import { describe, expect, test } from '@jest/globals'
import { captchaReasons, refusalTable } from '../../lib/admission/cause-table.js'
import { readDocument, sections, tableRows } from './documents.js'

describe.each(['docs/verdict.md', 'docs/verdict.zh.md'])('%s', (path) => {
  const document = readDocument(path)
  const reasonSections = sections(document).filter(({ level }) => level === 3)

  test('has a section for each reason, with its cure', () => {
    const headings = reasonSections.map(({ heading }) => /^`(\w+)`/.exec(heading)?.[1])
    expect([...new Set(headings)].sort()).toEqual([...captchaReasons].sort())
    const withoutCure = reasonSections.filter(({ body }) => !/\*(Cure|处理)[:：]\*/.test(body))
    expect(withoutCure.map(({ heading }) => heading)).toEqual([
      '`verified`',
      expect.stringMatching(/^`misconfigured` /),
    ])
  })

  test('has the answer of each refusal in its table', () => {
    const rows = tableRows(document.prose).filter((cells) => cells.length === 4)
    const stated = rows.flatMap(([reasons = '', degraded, status, code]) =>
      [...reasons.matchAll(/`(\w+)`/g)].map(([, reason = '']) => [
        reason,
        { degraded: /^(yes|是)$/.test(degraded ?? ''), status: Number(status), code: code?.replaceAll('`', '') },
      ]),
    )
    const actual = Object.entries(refusalTable).map(([reason, { degraded, status, code }]) => [
      reason,
      { degraded, status, code },
    ])
    expect(Object.fromEntries(stated)).toEqual(Object.fromEntries(actual))
  })
})
