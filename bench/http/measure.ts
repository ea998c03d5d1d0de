import type { ChildProcess } from 'node:child_process'
import { answerOf, ask, childProcesses } from './children.js'
import type { Variant } from './server.js'

const full = { warmUp: 6000, slices: 10, rounds: 5 }
const quick = { warmUp: 3000, slices: 6, rounds: 3 }

/** Requests to one application before it is the next one's turn. */
const requestsInSlice = 400

/** The verdict that every answer of a variant must show, or `none` where no guard gives one. */
const expectedReason: Readonly<Record<Variant, string>> = {
  'pass-through': 'none',
  'raw undici': 'none',
  'SDK client': 'none',
  guard: 'verified',
  'guard, circuit open': 'circuit_open',
  'guard, circuit open, refused': 'captcha_unavailable',
}

const variants = Object.keys(expectedReason) as Variant[]

interface Application {
  readonly variant: Variant
  readonly version: string
  readonly port: number
  readonly process: ChildProcess
  /** µs of CPU a request, one figure for each round. */
  readonly measured: number[]
}

/** Measures every variant under both versions of Express; resolves to the exit code. */
export async function main(isQuick: boolean): Promise<number> {
  const { warmUp, slices, rounds } = isQuick ? quick : full
  const { start, end } = childProcesses()
  try {
    const [tencent, load] = [start('tencent'), start('load')]
    const ports = await answerOf<{ healthy: number; down: number }>(tencent)
    const applications: Application[] = []
    for (const version of ['5', '4']) {
      for (const variant of variants) {
        const port = variant.includes('circuit open') ? ports.down : ports.healthy
        const child = start('application', variant, version, `http://127.0.0.1:${port}`)
        applications.push({ variant, version, port: await answerOf<number>(child), process: child, measured: [] })
      }
    }
    for (const { port } of applications) await ask<number>(load, { port, requests: warmUp })
    for (let round = 0; round < rounds; round++) await runRound(applications, load, slices)
    return ['5', '4'].map((version) => report(version, applications)).every((isMet) => isMet) ? 0 : 1
  } finally {
    end()
  }
}

/** In thin slices by turns: what else the machine does falls on all of them. */
async function runRound(applications: readonly Application[], load: ChildProcess, slices: number): Promise<void> {
  const spent = applications.map(() => 0)
  for (let slice = 0; slice < slices; slice++) {
    for (const [index, application] of applications.entries())
      spent[index] = (spent[index] ?? 0) + (await runSlice(application, load))
  }
  for (const [index, { measured }] of applications.entries()) {
    measured.push((spent[index] as number) / (slices * requestsInSlice))
  }
}

/** µs of CPU that the application spent on a slice. */
async function runSlice({ variant, version, port, process: child }: Application, load: ChildProcess): Promise<number> {
  const before = await ask<number>(child, 'cpu')
  const expected = `"${expectedReason[variant]}"`
  const unexpected = await ask<number>(load, { port, requests: requestsInSlice, expected })
  if (unexpected > 0) throw new Error(`${unexpected} unexpected answers of ${variant} under Express ${version}`)
  return (await ask<number>(child, 'cpu')) - before
}

function report(version: string, applications: readonly Application[]): boolean {
  const own = applications.filter((application) => application.version === version)
  const median = (variant: Variant) => {
    const figures = own.find((application) => application.variant === variant)?.measured ?? []
    return [...figures].sort((a, b) => a - b)[figures.length >> 1] as number
  }
  const [alone, raw, client, healthy, open] = variants.map(median) as [number, number, number, number, number]
  console.log(`\nExpress ${version}: µs of CPU a request, median of the rounds`)
  console.table(
    Object.fromEntries(
      own.map(({ variant, measured }) => [
        variant,
        {
          median: round(median(variant)),
          lowest: round(Math.min(...measured)),
          highest: round(Math.max(...measured)),
          'beside the route': round(median(variant) - alone),
        },
      ]),
    ),
  )
  return [
    target('guard, beside the route: at most 1.5 × raw undici', healthy - alone, 1.5 * (raw - alone)),
    target('guard, circuit open: at most 1.2 × pass-through', open, 1.2 * alone),
    target('guard: at most the SDK client', healthy, client),
  ].every((isMet) => isMet)
}

function target(name: string, figure: number, limit: number): boolean {
  const isMet = figure <= limit
  console.log(`${isMet ? 'PASS' : 'MISS'}: ${name} (${round(figure)} of ${round(limit)} µs)`)
  return isMet
}

function round(microseconds: number): number {
  return Number(microseconds.toFixed(1))
}
