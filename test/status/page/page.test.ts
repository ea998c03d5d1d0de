import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { captchaReasons } from '../../../lib/admission/cause-table.js'
import { mergeProcesses } from '../../../lib/status/fleet-view.js'
import { pageParts, statusPage } from '../../../lib/status/page/page.js'
import { type Language, languages } from '../../../lib/status/page/texts.js'
import { textsOf } from '../../../lib/status/page/texts-of.js'
import { type StatusReport, siteStatus } from '../../../lib/status/status-report.js'
import { nightMs, outageSnapshot, recorded, sampleReport, snapshot } from '../sample-report.js'

const kinds = ['healthy', 'outage', 'back', 'overridden'] as const
const page = (report: StatusReport, language: Language = 'en') =>
  statusPage(report, { language, isLanguageAsked: false, nonce: 'abc', action: './override' })
const textOf = (html: string) => html.replace(/<(style|script).*?<\/\1>/gs, '').replace(/<[^>]+>/g, ' ')

describe('the page', () => {
  test.each(languages)(
    'gives the answer first: what, since when, why, what happens and what can be done (%s)',
    (language) => {
      const texts = textsOf[language]
      const text = textOf(page(sampleReport('outage'), language))
      const told = [
        texts.findings.api_outage.title,
        '02:13',
        texts.whys['circuit open: canary_failed'] ?? '',
        texts.findings.api_outage.users,
        texts.findings.api_outage.todo[0] ?? '',
        texts.override.mode,
        texts.chart.title,
      ]
      const places = told.map((each) => text.indexOf(each))
      expect(places.every((place) => place > 0)).toBe(true)
      expect(places).toEqual([...places].sort((a, b) => a - b))
    },
  )

  test('says in its title what is wrong', () => {
    const titleOf = (report: StatusReport) => /<title[^>]*>(.*)<\/title>/.exec(page(report))?.[1]
    expect(titleOf(sampleReport('outage'))).toBe('Outage of the verification API · CAPTCHA status')
    expect(titleOf(sampleReport('healthy'))).toBe('CAPTCHA status')
  })

  test.each(kinds)('loads nothing, and has no inline style or handler that its policy would refuse (%s)', (kind) => {
    const html = page(sampleReport(kind))
    const markup = html.replace(/<(style|script) nonce="abc">.*?<\/\1>/gs, '')
    expect(markup).not.toMatch(/\b(src|style|on\w+)=|<script|<style|@import|https?:\/\/(?!captcha\.tencentcloudapi)/)
    expect(html).not.toMatch(/url\(|@import/)
  })

  test('shows what callers and operators wrote as text', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&'
    const own = {
      ...outageSnapshot,
      api: { ...outageSnapshot.api, why: evil },
      override: { mode: 'pass', by: evil } as const,
      credential: { source: 'provider', lastFailure: { problem: evil, agoMs: 1 } } as const,
    }
    const status = recorded(evil, own, 42)
    const decision = { atMs: 1, passed: true, reason: 'timeout', cause: evil, userIp: evil, errorCode: evil } as never
    const recording = {
      ...status.recording,
      degraded: [decision],
      limited: [{ userIp: evil, purse: 'outage', by: 'total', refusals: 1, lastMs: 1 } as const],
      outages: [{ path: 'api', why: evil, fromMs: nightMs - 1000 } as const],
      latency: [{ endpoint: evil, answered: {}, failed: {} }],
    }
    const site = siteStatus([[evil, own]], mergeProcesses([{ ...status, recording }]))
    const html = page({ version: 1, at: new Date(nightMs).toISOString(), sites: [site] })
    expect(html).not.toContain('<img')
    expect(html.split('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;').length).toBeGreaterThan(8)
  })

  test.each(kinds)('says all of it in Chinese but names of the log (%s)', (kind) => {
    const words = textOf(page(sampleReport(kind), 'zh')).match(/[A-Za-z_]{4,}/g) ?? []
    const fromLog = new Set<string>([...captchaReasons, 'English', 'login', 'redis', 'expectedPerMinute', 'https'])
    const fromSample = new Set([
      ...['healthy', 'api_outage', 'limits_refuse', 'override_pass'],
      'captcha',
      'tencentcloudapi',
      'Tencent',
      'announced',
      'repair',
    ])
    expect([...new Set(words)].filter((word) => !fromLog.has(word) && !fromSample.has(word))).toEqual([])
  })

  test('shows every site by its guards, each with a form of its own', () => {
    const [site] = sampleReport('outage').sites
    const [other] = sampleReport('healthy').sites
    if (site === undefined || other === undefined) throw new Error('no sample')
    const named = { ...other, names: ['signup', 'comments'] } as const
    const html = page({ version: 1, at: new Date(nightMs).toISOString(), sites: [site, named] })
    expect(html).toContain('signup, comments')
    expect([...html.matchAll(/name="guard" value="([^"]*)"/g)].map(([, name]) => name)).toEqual(['login', 'signup'])
    const ids = [...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
  })

  test('has an element for every part of the stream', () => {
    const html = page(sampleReport('outage'))
    const ids = Object.keys(pageParts(sampleReport('outage'), 'en'))
    expect(ids.length).toBeGreaterThan(10)
    expect(ids.filter((id) => !html.includes(`id="${id}"`))).toEqual([])
  })

  test('says that every unverified request is refused, in an outage with an override that does so', () => {
    const own = { ...outageSnapshot, override: { mode: 'verify_only' } as const }
    const site = siteStatus([['login', own]], mergeProcesses([recorded('a', own, 42)]))
    const text = textOf(page({ version: 1, at: new Date(nightMs).toISOString(), sites: [site] }))
    expect(text).toContain('Requests that Tencent verifies pass; every other one is refused.')
    expect(text).not.toContain('requests pass unverified')
  })

  test('stays small in a busy hour', () => {
    const html = page(sampleReport('outage'))
    expect(Buffer.byteLength(html)).toBeLessThan(120_000)
  })

  test('shows how long Tencent takes at the endpoint in use, and at each', () => {
    const parts = pageParts(sampleReport('healthy'), 'en')
    const [, value] = /<h3>Tencent’s latency<\/h3><p class="value">(\d+) ms<\/p>/.exec(parts['s0-tiles'] ?? '') ?? []
    expect(Number(value)).toBeGreaterThan(80)
    const cells = [...(parts['s0-endpoints'] ?? '').matchAll(/<td class="number">([^<]*)<\/td>/g)].map(
      ([, cell]) => cell,
    )
    expect(cells[0]).toBe(`${value} ms`)
    expect(Number(cells[2]?.replaceAll(',', ''))).toBeGreaterThan(100)
    expect(cells.slice(4, 8)).toEqual(['–', '–', '0', '0'])
  })

  test('has a page for a guard that has seen nothing yet', () => {
    const own = snapshot({ endpoints: [], credential: { source: 'fixed' }, baselinePerMinute: null })
    const status = recorded('a', own)
    const recording = { ...status.recording, counts: {}, latency: [] }
    const site = siteStatus([['login', own]], mergeProcesses([{ ...status, recording }]))
    const text = textOf(page({ version: 1, at: new Date(nightMs).toISOString(), sites: [site] }))
    expect(text).toContain('No verdict in the last 60 minutes.')
    expect(text).not.toMatch(/undefined|NaN|null|Infinity|\[object/)
  })
})

describe('the texts', () => {
  test('of every reason that the code gives are there in both languages', () => {
    const sources = ['lib/site/site.ts', 'lib/site/client-path.ts', 'lib/site/outage-watch.ts'].map((path) =>
      readFileSync(path, 'utf8'),
    )
    const whys = sources
      .flatMap((source) => [...source.matchAll(/(?:why|#why|evidenceWhy)(?::| =)\s+'([^']+)'/g)])
      .map(([, why = '']) => why)
    expect(whys.length).toBeGreaterThan(7)
    for (const language of languages)
      expect(whys.filter((why) => textsOf[language].whys[why] === undefined)).toEqual([])
  })

  test('of both languages know the same reasons', () => {
    expect(Object.keys(textsOf.zh.whys)).toEqual(Object.keys(textsOf.en.whys))
  })
})
