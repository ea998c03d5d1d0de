import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it, test } from '@jest/globals'
import { differences } from '../../bench/report/compare.js'
import { generateLog, noFigures } from '../../bench/report/generated-log.js'
import type { LogReport } from '../../lib/cli/outage-report/build-report.js'
import { logBook, startFlow } from '../flow/support.js'
import { lineText, noonMs } from './outage-report/lines.js'
import { bundledCli } from './run-cli.js'

const cli = bundledCli()

async function writeLog(name: string, content: string | Buffer): Promise<string> {
  const path = join(cli.folder, name)
  await writeFile(path, content)
  return path
}

async function jsonOf(...args: string[]): Promise<LogReport> {
  const { code, out, err } = await cli.run(['report', '--json', ...args])
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out)
}

describe('A generated log with outages, broken lines and three processes', () => {
  const known = noFigures()
  let text: string
  beforeAll(() => {
    text = [...generateLog({ bytes: 5e6, perSecond: 15, seed: 7 }, known)].join('')
  })

  it('gives the figures that its generator counted', async () => {
    expect(known.outages.length).toBeGreaterThan(1)
    expect(differences(await jsonOf(await writeLog('whole.log', text)), known)).toEqual([])
  })

  it('gives them from rotated and gzipped files in the order of a shell, too', async () => {
    const lines = text.split('\n')
    const part = (from: number, to: number) => `${lines.slice(lines.length * from, lines.length * to).join('\n')}\n`
    const paths = [
      await writeLog('app.log', part(2 / 3, 1)),
      await writeLog('app.log.1', part(1 / 3, 2 / 3)),
      // Two members, as `cat a.gz b.gz` makes them.
      await writeLog('app.log.2.gz', Buffer.concat([gzipSync(part(0, 1 / 6)), gzipSync(part(1 / 6, 1 / 3))])),
    ]
    expect(differences(await jsonOf(...paths), known)).toEqual([])
  })

  it('gives them from standard input, plain and gzipped', async () => {
    for (const stdin of [text, gzipSync(text)]) {
      const { out } = await cli.run(['report', '--json', '-'], { stdin })
      expect(differences(JSON.parse(out), known)).toEqual([])
    }
  })

  it('is summed up in text and as a table of outages', async () => {
    const path = await writeLog('shown.log', text)
    const shown = await cli.run(['report', path])
    const [first] = known.outages
    expect(shown).toMatchObject({ code: 0, err: '' })
    expect(shown.out).toContain(`${known.lines.toLocaleString('en')} lines`)
    expect(shown.out).toContain('Outage 1: 2026-01-31 01:10:20 to 2026-01-31 01:16:33, 6 min 13 s')
    expect(shown.out).toContain(
      `outage purse, client: ${first?.bySections.get('limits')?.get('outage|client')?.toLocaleString('en')}`,
    )
    expect(shown.out).toMatch(/bots among passes +about [\d,]+ \([\d,]+ to [\d,]+\) of/)
    const table = await cli.run(['report', '--csv', path])
    const [heads = '', ...rows] = table.out.trim().split('\r\n')
    expect(rows).toHaveLength(known.outages.length + 1)
    const passes = heads.split(',').indexOf('passes')
    expect(rows.map((row) => Number(row.split(',')[passes]))).toEqual([
      ...known.outages.map(({ clients }) => [...clients.values()].reduce((sum, count) => sum + count, 0)),
      known.outside.passes,
    ])
  })
})

it('reads the lines that the guard writes today, those of the outage and of late verification included', async () => {
  const { logger, raw } = logBook()
  const circuit = { consecutiveFailures: 1, canaryIntervalMs: 20, canaryMaxIntervalMs: 20 }
  const flow = await startFlow({ options: { logger, degradation: { circuit } } })
  await flow.send({})
  await flow.send(flow.mint())
  flow.simulator.setFault('internal_error')
  await flow.turnFor(flow.send(flow.mint()))
  await flow.turnUntil(() => flow.guard.snapshot().circuit.state === 'open')
  for (let request = 0; request < 25; request++) await flow.send(flow.mint())
  flow.simulator.setFault(null)
  await flow.turnUntil(() => raw.join('').includes('captcha_outage_ended'))
  const report = await jsonOf(await writeLog('guard.log', raw.join('')))
  expect(report).toMatchObject({ brokenLines: 0, captchaLines: raw.length })
  const [outage, ...others] = report.outages
  expect(others).toEqual([])
  expect(outage).toMatchObject({ paths: ['api'], isEndLogged: true, processes: 1, captchaAppId: 190000001 })
  const figures = outage?.figures
  expect((figures?.passes ?? 0) + (figures?.degradedRefusals ?? 0)).toBe(26)
  expect(figures?.passesByCause.circuit_open).toBeGreaterThan(15)
  // The client was verified before, so that one more limit applies; whichever it is, it is named.
  const refusedByLimit = (figures?.limits ?? []).reduce((sum, { refusals }) => sum + refusals, 0)
  expect(refusedByLimit).toBe(figures?.degradedRefusalsByReason.budget_exhausted ?? 0)
  expect(figures).toMatchObject({ verified: 1, refusedByReason: { ticket_missing: 1 }, bots: { share: 0 } })
  expect(figures?.late.genuine).toBeGreaterThan(15)
  expect(figures?.clients.top).toEqual([{ client: '203.0.113.0/24', passes: figures?.passes }])
})

describe('Lines that no guard has written', () => {
  const odd = '{"toString":1,"valueOf":1}'
  const degraded = (more: string) =>
    `{"time":${noonMs},"event":"captcha_degraded","passed":true,"reason":"timeout","captchaAppId":1,${more}}`
  const ended = (durationMs: string) =>
    `{"time":${noonMs},"event":"captcha_outage_ended","captchaAppId":1,"durationMs":${durationMs}}`
  const late = `{"time":${noonMs},"event":"captcha_late_verdict","outcome":"genuine","reason":${odd}}`

  it.each<[string, string]>([
    ['a time beyond all dates', degraded('"time":1e300')],
    ['an outage longer than time', ended('1e300')],
    ['an outage from before 1970', ended(String(2 * noonMs))],
    ['a host name without a text', degraded(`"hostname":${odd}`)],
    ['a cause without a text', degraded(`"cause":${odd}`)],
    ['a reason without a text', late],
    ['a value nested too deep', degraded(`"cause":${'['.repeat(100_000)}${']'.repeat(100_000)}`)],
  ])('are broken and end no report: %s', async (name, broken) => {
    const good = degraded('"cause":"timeout"')
    const path = await writeLog(`${name}.log`, `${good}\n${broken}\n${good}\n`)
    expect(await jsonOf(path)).toMatchObject({ captchaLines: 2, brokenLines: 1, damagedFiles: [] })
    expect(await cli.run(['report', path])).toMatchObject({ code: 0, err: '' })
  })

  it('count nothing as infinite', async () => {
    const lines = ['"captchaAppId":1e999', '"suppressed":1e308', '"suppressed":1e308'].map(degraded)
    const path = await writeLog('infinite.log', lines.join('\n'))
    const { out } = await cli.run(['report', '--csv', path])
    expect(out).not.toMatch(/NaN|Infinity/)
  })
})

describe('Files that cannot be read', () => {
  it('end the command before it reads another one when they are missing', async () => {
    const there = await writeLog('there.log', '{}\n')
    const finished = await cli.run(['report', there, join(cli.folder, 'missing.log')])
    expect(finished).toMatchObject({ code: 1, out: '' })
    expect(finished.err).toMatch(/missing\.log cannot be read: ENOENT\n$/)
    await mkdir(join(cli.folder, 'logs'))
    expect((await cli.run(['report', join(cli.folder, 'logs')])).err).toContain('is a directory; name the files in it')
  })

  it('are reported with exit code 1 when they are damaged or of another format, and the others still count', async () => {
    const whole = gzipSync(`${lineText(noonMs, { event: 'captcha_store_up' })}\n`.repeat(20_000), { level: 0 })
    const damaged = Buffer.from(whole)
    damaged.fill(0x55, damaged.length / 2)
    const paths = [
      await writeLog('damaged.gz', damaged),
      await writeLog('app.xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0])),
      await writeLog('good.log', `${lineText(noonMs, { event: 'captcha_store_up' })}\n`),
    ]
    const { code, out, err } = await cli.run(['report', '--json', ...paths])
    const report: LogReport = JSON.parse(out)
    expect(code).toBe(1)
    expect(report.damagedFiles).toEqual([
      expect.stringMatching(/damaged\.gz: /),
      expect.stringMatching(/app\.xz: it is xz; try: xz -dc .*app\.xz \| tencent-captcha-guard report -/),
    ])
    expect(report.captchaLines).toBeGreaterThanOrEqual(1)
    expect(err.trim().split('\n')).toHaveLength(2)
  })

  it.each([0, 6])('count as far as they go when they were cut off, with exit code 1, at level %d', async (level) => {
    const line = `${lineText(noonMs, { event: 'captcha_store_up' })}\n`
    const whole = gzipSync(line.repeat(50_000), { level })
    const path = await writeLog(`cut-${level}.gz`, whole.subarray(0, whole.length / 2))
    const { code, out, err } = await cli.run(['report', '--json', path])
    const report: LogReport = JSON.parse(out)
    expect(report.captchaLines).toBeGreaterThan(10_000)
    expect(report.captchaLines).toBeLessThan(50_000)
    expect(report.brokenLines).toBeLessThanOrEqual(1)
    expect(report.damagedFiles).toEqual([expect.stringMatching(/cut-\d\.gz: unexpected end of file$/)])
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('not read to the end') })
  })
})

test('a log without lines of the guard says what they look like, and one of pino-pretty what is wrong', async () => {
  expect((await cli.run(['report', '-'], { stdin: '{"msg":"started"}\n' })).out).toContain(
    'No line of the guard. Its lines have',
  )
  const pretty = '[12:00:00.000] WARN (1): captcha_degraded\n    event: "captcha_degraded"\n'
  expect((await cli.run(['report', '-'], { stdin: pretty })).out).toContain('not as pino-pretty shows them')
  expect(await cli.run(['report', '-'], { stdin: '' })).toMatchObject({ code: 0, err: '' })
})

test('a formula in a log is text in the table', async () => {
  const start = { event: 'captcha_degraded', reason: 'timeout', cause: '=HYPERLINK("x")', passed: true, userIp: '=1+1' }
  const { out } = await cli.run(['report', '--csv', '-'], {
    stdin: `${lineText(noonMs, { ...start, purse: 'outage' })}\n`,
  })
  expect(out).toContain("'=1+1")
  expect(out).not.toContain(',=1+1')
})

test('a reader that goes away ends the command without an error', async () => {
  const path = join(cli.folder, 'long.log')
  await writeFile(path, '')
  for (let outage = 0; outage < 500; outage++) {
    const fields = { event: 'captcha_outage_ended', path: 'api', why: 'x', durationMs: 1000 }
    await appendFile(path, `${lineText(noonMs + outage * 600_000, fields)}\n`)
  }
  const finished = await cli.run(['report', '--json', path], { closeOutAfter: 100 })
  expect(finished).toMatchObject({ code: 0, err: '' })
})
