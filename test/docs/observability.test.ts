import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { Registry } from 'prom-client'
import { captchaChannels, captchaGuard } from '../../lib/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { until } from '../flow/support.js'
import { registerMetrics } from '../prometheus/metrics-app.js'
import { namedCodeBlocks } from './code-blocks.js'
import { compileStrictly, type RecipeProcess, type Recipes, startRecipe, writeRecipes } from './recipe-process.js'

const document = 'docs/observability.md'
const text = readFileSync(document, 'utf8')

/** Stands for the application's exporter: writes each span to a file. */
const exporter = `
import { appendFileSync } from 'node:fs'
import type { SpanExporter } from '@opentelemetry/sdk-trace-node'

export const exporter: SpanExporter = {
  export(spans, done) {
    for (const span of spans) {
      const { name, attributes, status, parentSpanContext } = span
      const ids = { spanId: span.spanContext().spanId, parentId: parentSpanContext?.spanId }
      const line = JSON.stringify({ name, attributes, status: status.code, ...ids })
      appendFileSync(process.env.SPANS_FILE ?? '', line + '\\n')
    }
    done({ code: 0 })
  },
  shutdown: async () => {},
}
`

interface WrittenSpan {
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly status: number
  readonly spanId: string
  readonly parentId?: string
}

let recipes: Recipes
let simulator: Simulator
let running: RecipeProcess | undefined

beforeAll(async () => {
  recipes = await writeRecipes(new Map([...namedCodeBlocks(document), ['exporter.ts', exporter]]))
})

afterEach(async () => {
  await running?.stop()
  running = undefined
  await simulator?.close()
})

afterAll(() => recipes.remove())

function post(token: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(`${running?.url}/login`, { method: 'POST', headers, body: JSON.stringify(token) })
}

test('the examples compile under strict', () => {
  expect(recipes.files).toHaveLength(4)
  expect(compileStrictly(recipes)).toBe('')
}, 120_000)

test('the example of the metrics is scraped', async () => {
  simulator = await startSimulator()
  running = await startRecipe(recipes, 'metrics-app', simulator)
  expect((await post(simulator.mintTicket())).status).toBe(200)
  const response = await fetch(`${running.url}/metrics`)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toContain(
    'tencent_captcha_verdicts_total{guard="login",channel="web",result="verified",reason="verified",cause=""} 1',
  )
}, 30_000)

describe('with the OpenTelemetry SDK', () => {
  let file: string

  async function start() {
    file = join(recipes.directory, `spans-${Math.random()}`)
    simulator = await startSimulator()
    running = await startRecipe(recipes, 'traced-app', simulator, { SPANS_FILE: file })
  }

  /** The spans of requests that are over, once there are so many. */
  async function spans(count: number): Promise<readonly WrittenSpan[]> {
    let written: WrittenSpan[] = []
    await until(() => {
      try {
        written = readFileSync(file, 'utf8')
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line))
      } catch {
        return false
      }
      return written.length >= count
    }, 5000)
    expect(written).toHaveLength(count)
    return written
  }

  const named = (all: readonly WrittenSpan[], name: string) => all.find((span) => span.name === name) as WrittenSpan

  test('a verification is a span under the span of its request, and the handler’s span is beside it', async () => {
    await start()
    expect((await post(simulator.mintTicket())).status).toBe(200)
    const all = await spans(3)
    const [requestSpan, verify, handler] = ['POST /login', 'captcha verify', 'log in'].map((name) => named(all, name))
    expect(verify?.parentId).toBe(requestSpan?.spanId)
    expect(handler?.parentId).toBe(requestSpan?.spanId)
    expect(requestSpan?.parentId).toBeUndefined()
    expect(verify).toMatchObject({
      status: 0,
      attributes: {
        'captcha.app_id': simulator.captchaAppId,
        'captcha.channel': 'web',
        'captcha.guard_id': expect.stringMatching(/^[0-9a-f]{8}$/),
        'captcha.passed': true,
        'captcha.degraded': false,
        'captcha.reason': 'verified',
        'captcha.code': 1,
      },
    })
  }, 30_000)

  test('a refusal and a degraded pass say their reasons', async () => {
    await start()
    await post({})
    await post(simulator.mintTicket({ fault: 'internal_error' }))
    const verify = (await spans(5)).filter(({ name }) => name === 'captcha verify')
    expect(verify.map(({ attributes }) => attributes)).toMatchObject([
      { 'captcha.passed': false, 'captcha.reason': 'ticket_missing' },
      { 'captcha.passed': true, 'captcha.degraded': true, 'captcha.cause': 'internal_error' },
    ])
  }, 30_000)

  test('a verification of a client that went away ends, without a verdict', async () => {
    await start()
    simulator.setFault('hang')
    const leaving = request(`${running?.url}/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    })
    leaving.on('error', () => {})
    leaving.end(JSON.stringify(simulator.mintTicket()))
    await until(() => simulator.calls.length > 0)
    leaving.destroy()
    const { attributes } = named(await spans(2), 'captcha verify')
    expect(attributes).toMatchObject({ 'captcha.abandoned': true })
    expect(attributes).not.toHaveProperty('captcha.reason')
  }, 30_000)
})

describe('the tables of the document', () => {
  test('name every metric with its type and labels, and no other', async () => {
    simulator = await startSimulator()
    const register = new Registry()
    const { captchaAppId, appSecretKey, credential, url: endpoint } = simulator
    const guard = captchaGuard({ captchaAppId, appSecretKey, credential, endpoint, logger: false })
    registerMetrics(guard, register)
    const types = new Map(
      [...(await register.metrics()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]),
    )
    const all = register.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[]
    const rows = all.map(({ name, labelNames }) => {
      const labels = labelNames.filter((label) => label !== 'guard' && label !== 'le')
      return [name, types.get(name), labels.map((label) => `\`${label}\``).join(', ')].join(' | ').trim()
    })
    const documented = [...text.matchAll(/^\| `(tencent_captcha_\w+)` \| (\w+) \| ([^|]*)\|/gm)].map(
      ([, name = '', type = '', labels = '']) => [name, type, labels.trim()].join(' | ').trim(),
    )
    expect(documented.sort()).toEqual(rows.sort())
    await guard.close()
  })

  test('name every channel, and no other', () => {
    const documented = [...text.matchAll(/^\| `(tencent-captcha-guard:\w+)` \|/gm)].map(([, name]) => name)
    expect(documented.sort()).toEqual(Object.values(captchaChannels).sort())
  })
})
