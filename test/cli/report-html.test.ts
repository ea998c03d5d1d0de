import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { generateLog, noFigures } from '../../bench/report/generated-log.js'
import { buildReport } from '../../lib/cli/outage-report/build-report.js'
import { readCaptchaLine } from '../../lib/cli/outage-report/captcha-line.js'
import { LineScanner } from '../../lib/cli/outage-report/line-scanner.js'
import { LogTally } from '../../lib/cli/outage-report/log-tally.js'
import { reportHtml } from '../../lib/cli/outage-report/report-html.js'
import { chromiumHint, launchChromium, mayRun } from '../support/chromium.js'
import { lineText, noonMs } from './outage-report/lines.js'

function htmlOf(text: string, locale = 'en-GB'): string {
  const tally = new LogTally()
  const scanner = new LineScanner((line) => {
    const read = readCaptchaLine(line)
    if (typeof read !== 'string') tally.add(read)
  })
  scanner.push(Buffer.from(text))
  scanner.end()
  return reportHtml(buildReport(tally, { ...scanner.counts, damagedFiles: [] }), locale)
}

const log = [...generateLog({ bytes: 3e6, perSecond: 15 }, noFigures())].join('')

describe('The HTML report', () => {
  it('names nothing outside of the file', () => {
    const html = htmlOf(log)
    expect(html).toContain("default-src 'none'")
    expect(html.match(/\b(src|href|url)\b\s*[=(]|<script|@import|https?:/g)).toBeNull()
  })

  it('shows what a log holds as text', () => {
    const evil = '<img src=x onerror=alert(1)>"\'&'
    const end = { event: 'captcha_outage_ended', path: evil, why: evil, durationMs: 1000 }
    const decision = { event: 'captcha_degraded', reason: evil, cause: evil, purse: evil, passed: true, userIp: evil }
    const override = { event: 'captcha_override', mode: evil, by: evil, why: evil }
    const lines = [end, decision, { ...decision, passed: false, exhaustedBy: evil }, override]
    const html = htmlOf(lines.map((fields) => `${lineText(noonMs, fields)}\n`).join(''))
    expect(html).not.toContain('<img')
    expect(html).toContain('&#60;img src=x onerror=alert(1)&#62;')
  })

  it('has every text in both languages, and opens in that of the machine', () => {
    const html = htmlOf(log, 'zh-CN')
    expect(html).toMatch(/id="pick-zh" checked/)
    expect(htmlOf(log)).toMatch(/id="pick-en" checked/)
    const zh = html.slice(html.indexOf('<div class="language" lang="zh"'))
    // What is left of Latin letters are names from the log, units and times.
    const words = zh.replace(/<code>.*?<\/code>|<[^>]+>/g, ' ').match(/[A-Za-z_]{3,}/g)
    const fromLog = ['GMT', 'api', 'failures', 'row', 'canary', 'failed', 'outage', 'doubt', 'debug']
    expect([...new Set(words)].filter((word) => !fromLog.includes(word))).toEqual([])
  })

  it('is one page for a log without an outage, too', () => {
    expect(htmlOf('')).toContain('No outage in this time.')
  })
})

const inChromium = mayRun ? describe : describe.skip

inChromium(`The HTML report in Chromium${mayRun ? '' : ` (${chromiumHint})`}`, () => {
  let browser: Browser
  let axe: string
  beforeAll(async () => {
    browser = await launchChromium()
    axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
  }, 60_000)
  afterAll(() => browser?.close())

  async function open(colorScheme: 'light' | 'dark', width: number): Promise<Page> {
    // Its own policy allows no script; the test's runs beside it.
    const context = await browser.newContext({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true })
    const page = await context.newPage()
    await page.setContent(htmlOf(log))
    return page
  }

  it.each([
    ['light', 1100],
    ['dark', 1100],
    ['light', 360],
    ['dark', 360],
  ] as const)(
    'has no violation that axe finds, and no sideways scrolling, %s at %d pixels',
    async (scheme, width) => {
      const page = await open(scheme, width)
      await page.evaluate(axe)
      for (const language of ['en', 'zh']) {
        await page.locator(`label[for=pick-${language}]`).click()
        await page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true })")
        const violations = await page.evaluate(async () => {
          const { axe: runner } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } }
          return (await runner.run()).violations.map(({ id }) => id)
        })
        expect(violations).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      }
      await page.context().close()
    },
    60_000,
  )

  it('shows one language at a time, chosen by keyboard, and charts with bars', async () => {
    const page = await open('light', 800)
    const [english, chinese] = [
      page.getByRole('heading', { name: 'CAPTCHA outages' }),
      page.getByRole('heading', { name: '验证码故障报告' }),
    ]
    expect([await english.isVisible(), await chinese.isVisible()]).toEqual([true, false])
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowRight')
    expect([await english.isVisible(), await chinese.isVisible()]).toEqual([false, true])
    expect(await page.locator('.language:lang(zh) svg rect').count()).toBeGreaterThan(10)
    await page.context().close()
  }, 60_000)
})
