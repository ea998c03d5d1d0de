import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from '@jest/globals'
import express from 'express'
import parsePrometheusTextFormat from 'parse-prometheus-text-format'
import { Registry } from 'prom-client'
import { type CaptchaGuard, type CaptchaGuardOptions, captchaGuard } from '../../lib/index.js'
import { type CaptchaMetrics, captchaMetrics } from '../../lib/prometheus/index.js'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { guardOptions, quickCircuit } from '../flow/support.js'

/** One metric family as the parser gives it. */
interface Family {
  readonly name: string
  readonly metrics: readonly {
    readonly value?: string
    readonly labels?: Readonly<Record<string, string>>
  }[]
}

/** What one scrape said. */
export class Scrape {
  readonly text: string
  readonly #families: readonly Family[]

  constructor(text: string) {
    this.text = text
    // The parser drops the labels of a histogram: its rows are read as metrics of their own.
    this.#families = parsePrometheusTextFormat(text.replace(/^(# TYPE \S+) histogram$/gm, '$1 untyped')) as Family[]
  }

  /** The samples of a metric whose labels include these. */
  samples(name: string, labels: Readonly<Record<string, string>> = {}): Family['metrics'] {
    const all = this.#families.filter((family) => family.name === name).flatMap(({ metrics }) => metrics)
    return all.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels?.[label] === value))
  }

  /** The one value of a metric with these labels; `undefined` where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const samples = this.samples(name, labels)
    if (samples.length > 1) throw new Error(`${samples.length} samples of ${name} have ${JSON.stringify(labels)}`)
    return samples[0]?.value === undefined ? undefined : Number(samples[0].value)
  }

  /** Of a metric with one sample for each state: the states at 1. */
  states(name: string, label: string, labels: Readonly<Record<string, string>> = {}): (string | undefined)[] {
    return this.samples(name, labels)
      .filter(({ value }) => value === '1')
      .map((sample) => sample.labels?.[label])
  }
}

/** An Express application with two guards of one site, metrics, and a simulator behind it. */
export interface MetricsApp {
  readonly simulator: Simulator
  readonly guards: { readonly login: CaptchaGuard; readonly comment: CaptchaGuard }
  readonly register: Registry
  readonly metrics: CaptchaMetrics
  post(path: 'login' | 'comment', token: object, ip?: string): Promise<number>
  scrape(): Promise<Scrape>
}

const open: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** Registers the metrics of guards until the test ends. */
export function registerMetrics(...args: Parameters<typeof captchaMetrics>): CaptchaMetrics {
  const metrics = captchaMetrics(...args)
  open.push(async () => metrics.close())
  return metrics
}

/** Starts the application; it ends with the test. */
export async function startMetricsApp(
  given: Partial<CaptchaGuardOptions> | ((url: string) => Partial<CaptchaGuardOptions>) = {},
): Promise<MetricsApp> {
  const simulator = await startSimulator()
  const options = typeof given === 'function' ? given(simulator.url) : given
  const { degradation } = options
  const all = guardOptions(simulator, { ...options, degradation: { circuit: quickCircuit, ...degradation } })
  const guards = { login: captchaGuard(all), comment: captchaGuard({ ...all, mode: 'observe' }) }
  const register = new Registry()
  const metrics = registerMetrics(guards, register)
  const app = express()
  app.set('trust proxy', 'loopback')
  app.use(express.json())
  app.post('/login', guards.login, (_req, res) => void res.json({}))
  app.post('/comment', guards.comment, (_req, res) => void res.json({}))
  app.get('/metrics', async (_req, res) => void res.type(register.contentType).send(await register.metrics()))
  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  open.push(async () => {
    for (const guard of Object.values(guards)) await guard.close()
    server.closeAllConnections()
    server.close()
    await simulator.close()
  })
  return {
    simulator,
    guards,
    register,
    metrics,
    async post(path, token, ip = '203.0.113.7') {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': ip }
      const response = await fetch(`${url}/${path}`, { method: 'POST', headers, body: JSON.stringify(token) })
      await response.arrayBuffer()
      return response.status
    },
    async scrape() {
      const response = await fetch(`${url}/metrics`)
      return new Scrape(await response.text())
    },
  }
}
