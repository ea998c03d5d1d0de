import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { startMetricsApp } from '../prometheus/metrics-app.js'
import { groupingLabelsIn, metricsIn } from './promql.js'
import { describeWithPromtool, promtool } from './promtool.js'

const rules = readFileSync('docs/alerts/rules.yml', 'utf8')
const ruleTests = readFileSync('docs/alerts/rules.test.yml', 'utf8')
const dashboard = JSON.parse(readFileSync('docs/alerts/grafana-dashboard.json', 'utf8')) as Dashboard

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Dashboard {
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
}

/** The alert's name, its expression, and what its texts show of the labels. */
const alerts = rules
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((block) => ({
    name: block.slice(0, block.indexOf('\n')),
    expression: /expr: (?:\|\n)?([\s\S]*?)\n {8}(?:for|labels):/.exec(block)?.[1] ?? '',
    shown: [...block.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
  }))

const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))

/** Every expression with what its texts show of the labels of its result. */
const queries: readonly (readonly [name: string, expression: string, shown: readonly string[]])[] = [
  ...alerts.map(({ name, expression, shown }) => [name, expression, shown] as const),
  ...targets.map(({ title, expr, legendFormat }) => {
    const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label)
    return [`panel “${title}”: ${legendFormat}`, expr, shown] as const
  }),
]

/** Labels by sample name, and the values that each of them has at an application that has just begun. */
let labelsOf: ReadonlyMap<string, readonly string[]>
let valuesOf: (name: string, label: string) => readonly (string | undefined)[]

beforeAll(async () => {
  const unused = 'http://127.0.0.1:9'
  const { simulator, register, scrape, post } = await startMetricsApp((url) => ({ endpoint: [url, unused] }))
  await post('login', simulator.mintTicket())
  const said = await scrape()
  const all = register.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[]
  labelsOf = new Map(
    all.flatMap(({ name, labelNames }) =>
      /_duration_seconds$/.test(name)
        ? ['bucket', 'sum', 'count'].map(
            (row) => [`${name}_${row}`, row === 'bucket' ? [...labelNames, 'le'] : labelNames] as const,
          )
        : [[name, labelNames] as const],
    ),
  )
  valuesOf = (name, label) => said.samples(name).map(({ labels }) => labels?.[label])
})

test('there are alerts and panels to check', () => {
  expect(alerts.map(({ name }) => name)).toEqual(expect.arrayContaining(['CaptchaOutage', 'CaptchaStoreDown']))
  expect(alerts.length).toBe(rules.match(/- alert:/g)?.length)
  expect(targets.length).toBeGreaterThan(20)
  expect(queries.flatMap(([, expression]) => metricsIn(expression)).length).toBeGreaterThan(40)
})

describe.each(queries)('%s', (_, expression, shown) => {
  test('names metrics that exist, by labels and values that they have', () => {
    const uses = metricsIn(expression)
    expect(uses).not.toEqual([])
    for (const { name, matchers } of uses) {
      expect([...labelsOf.keys()]).toContain(name)
      for (const { label, values } of matchers) {
        expect(labelsOf.get(name)).toContain(label)
        if (values.join() === '$guard') continue
        for (const value of values) expect(valuesOf(name, label)).toContain(value)
      }
    }
  })

  test('groups by labels that its metrics have, and shows no other', () => {
    // Prometheus adds where it has scraped.
    const known = [...metricsIn(expression).flatMap(({ name }) => labelsOf.get(name) ?? []), 'instance']
    const grouping = groupingLabelsIn(expression)
    for (const label of grouping) expect(known).toContain(label)
    for (const label of shown) expect(grouping).toContain(label)
  })
})

describe('the document', () => {
  test.each(['docs/alerts.md', 'docs/alerts.zh.md'])('%s explains each alert, and no other', (path) => {
    const explained = [...readFileSync(path, 'utf8').matchAll(/^\| `(Captcha\w+)`/gm)].map(([, name]) => name)
    expect(explained.sort()).toEqual(alerts.map(({ name }) => name).sort())
  })
})

describe('the dashboard', () => {
  test('has panels with ids of their own that do not overlap', () => {
    const { panels } = dashboard
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)} ${y + Math.floor(cell / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
    for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
  })

  test('shows every metric', () => {
    const used = new Set(
      [...targets.map(({ expr }) => expr), ...dashboard.templating.list.map(({ definition = '' }) => definition)]
        .flatMap(metricsIn)
        .map(({ name }) => name),
    )
    const unused = [...labelsOf.keys()].filter((name) => !used.has(name) && !/_(sum|count)$/.test(name))
    expect(unused).toEqual([
      'tencent_captcha_path_state_since_timestamp_seconds',
      'tencent_captcha_override_until_timestamp_seconds',
    ])
  })

  test('asks for its guards by a metric that exists', () => {
    const definitions = dashboard.templating.list.map(({ definition }) => definition).filter(Boolean)
    expect(definitions).toEqual(['label_values(tencent_captcha_guard_info, guard)'])
    expect(labelsOf.get('tencent_captcha_guard_info')).toContain('guard')
  })
})

describeWithPromtool()('promtool', () => {
  test('accepts the alert rules', () => {
    expect(promtool('check', 'rules', 'docs/alerts/rules.yml')).toContain(`SUCCESS: ${alerts.length} rules found`)
  })

  test('finds that they fire, and do not, as their own tests say', () => {
    expect(promtool('test', 'rules', 'docs/alerts/rules.test.yml')).toContain('SUCCESS')
  })

  test('finds a threshold that is another one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'captcha-rules-'))
    try {
      writeFileSync(join(folder, 'rules.yml'), rules.replace('< 0.3', '< 0.05'))
      writeFileSync(join(folder, 'rules.test.yml'), ruleTests)
      expect(() => promtool('test', 'rules', join(folder, 'rules.test.yml'))).toThrow('CaptchaKnownShareLow')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test.each(alerts.map(({ name }) => name))('has a case in which %s fires', (name) => {
    const cases = ruleTests.split(/^ {6}- eval_time:/m).filter((each) => each.includes(`alertname: ${name}\n`))
    expect(cases.some((each) => each.includes('exp_labels'))).toBe(true)
  })

  test('can read every query of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'captcha-dashboard-'))
    try {
      const rows = targets.map(({ expr }, index) => {
        const query = expr.replaceAll('$__rate_interval', '5m').replaceAll('$guard', '.*')
        return `      - record: query:${index}\n        expr: ${JSON.stringify(query)}\n`
      })
      writeFileSync(join(folder, 'rules.yml'), `groups:\n  - name: dashboard\n    rules:\n${rows.join('')}`)
      expect(promtool('check', 'rules', join(folder, 'rules.yml'))).toContain(`SUCCESS: ${targets.length} rules found`)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
