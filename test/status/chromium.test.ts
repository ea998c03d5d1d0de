import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals'
import express from 'express'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { captchaGuard } from '../../lib/index.js'
import { startSimulator } from '../../lib/simulator/index.js'
import { captchaStatus } from '../../lib/status/index.js'
import { statusPage } from '../../lib/status/page/page.js'
import { languages } from '../../lib/status/page/texts.js'
import { textsOf } from '../../lib/status/page/texts-of.js'
import { quickCircuit, until } from '../flow/support.js'
import { chromiumHint, launchChromium, mayRun } from '../support/chromium.js'
import { sampleReport } from './sample-report.js'

jest.setTimeout(60_000)

const inChromium = mayRun ? describe : describe.skip
const closers: (() => unknown)[] = []
let browser: Browser
let axe: string

beforeAll(async () => {
  if (!mayRun) return
  browser = await launchChromium()
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
})
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})
afterAll(() => browser?.close())

/** A site with its status page and a simulated Tencent. */
async function openSite() {
  const simulator = await startSimulator()
  const { captchaAppId, appSecretKey, credential, url } = simulator
  const guard = captchaGuard({
    captchaAppId,
    appSecretKey,
    credential,
    endpoint: url,
    logger: false,
    degradation: { fallback: { scriptUrl: simulator.scriptUrl }, circuit: quickCircuit },
  })
  const status = captchaStatus({ login: guard }, { authorize: () => ({ name: 'ann' }) })
  const app = express().use('/ops/captcha', status)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(
    () => simulator.close(),
    () => guard.close(),
    () => server.close(),
    () => server.closeAllConnections(),
    () => status.close(),
  )
  let visitor = 0
  const logIn = async (times = 1) => {
    for (let index = 0; index < times; index++) {
      await guard.check({ ...simulator.mintTicket(), userIp: `203.0.113.${++visitor % 250}` })
    }
  }
  return { simulator, guard, logIn, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/ops/captcha` }
}

/** Opens a page; what its policy refuses and what its script throws is an error. */
async function openPage(address: string, options: BrowserContextOptions = {}) {
  const context = await browser.newContext(options)
  closers.push(() => context.close())
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/favicon/.test(message.location().url)) errors.push(message.text())
  })
  await page.goto(address)
  return { page, errors }
}

const headline = (page: Page) => page.locator('#s0-headline')

inChromium(`the status page in Chromium${mayRun ? '' : ` (${chromiumHint})`}`, () => {
  test('goes from healthy to outage and back while it is open, and its policy refuses nothing of it', async () => {
    const site = await openSite()
    await site.logIn(3)
    const { page, errors } = await openPage(site.address)
    const { findings, tiles, chart, live } = textsOf.en
    expect(await headline(page).textContent()).toContain(findings.healthy.title)
    await page.getByText(live, { exact: true }).waitFor()
    expect(await page.title()).toBe('CAPTCHA status')

    site.simulator.setFault('internal_error')
    await site.logIn()
    await until(() => site.guard.snapshot().circuit.state === 'open')
    await site.logIn(5)
    await headline(page).getByText(findings.api_outage.title).waitFor()
    expect(await page.title()).toContain(findings.api_outage.title)
    const outage = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: tiles.circuit }) })
    await outage.getByText('Open', { exact: true }).waitFor()
    await page.getByRole('img', { name: new RegExp(`${chart.title}.*circuit_open`) }).waitFor()
    expect(await page.locator('#s0-degraded tbody tr').count()).toBeGreaterThanOrEqual(5)

    site.simulator.setFault(null)
    await headline(page).getByText(findings.healthy.title).waitFor()
    await page.locator('#s0-answer').getByText('Last outage').waitFor()
    expect(errors).toEqual([])
  })

  test('keeps focus, opened details and scroll positions when its parts change', async () => {
    const site = await openSite()
    await site.logIn(3)
    const { page } = await openPage(site.address)
    await page.locator('#s0-chart-table summary').click()
    await page.locator('#s0-chart-scroll').focus()
    const before = await page.locator('#s0-chart-table').elementHandle()
    await site.logIn(2)
    await page.locator('#s0-verdicts .legend').getByText('5', { exact: true }).waitFor()
    expect(await before?.evaluate((element) => element.isConnected)).toBe(false)
    expect(await page.locator('#s0-chart-table').getAttribute('open')).toBe('')
    expect(await page.evaluate('document.activeElement.id')).toBe('s0-chart-scroll')
  })

  test('says so when it is no longer live', async () => {
    const site = await openSite()
    const { page } = await openPage(site.address)
    await page.getByText(textsOf.en.live, { exact: true }).waitFor()
    for (const close of closers.splice(0, 5).reverse()) await close()
    await page.getByText(textsOf.en.stale).waitFor()
  })

  test.each([
    ['with script', true],
    ['without', false],
  ])('sets the override by keyboard alone (%s)', async (_how, javaScriptEnabled) => {
    const site = await openSite()
    const { page } = await openPage(`${site.address}?lang=zh`, { javaScriptEnabled })
    const says = textsOf.zh.override
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    await page.keyboard.press('Tab')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    await page.keyboard.type('腾讯云公告维修')
    await page.keyboard.press('Enter')
    await page.getByText(says.done).waitFor()
    expect(site.guard.snapshot().override).toMatchObject({ mode: 'pass', by: 'ann: 腾讯云公告维修' })
    expect(await headline(page).textContent()).toContain(textsOf.zh.findings.override_pass.title)
    expect(await page.locator('#s0-override-now').textContent()).toContain('ann: 腾讯云公告维修')
    await page.getByRole('radio', { name: says.choices.none }).check()
    await page.getByLabel(says.reason).fill('完成')
    await page.getByRole('button', { name: says.submit }).click()
    await page.locator('#s0-override-now').getByText(says.none).waitFor()
    expect(site.guard.snapshot().override.mode).toBe('none')
  })

  test('is whole without script: the answer, the chart and the tables', async () => {
    const site = await openSite()
    await site.logIn(3)
    const { page } = await openPage(site.address, { javaScriptEnabled: false })
    expect(await headline(page).isVisible()).toBe(true)
    expect(await page.locator('#s0-verdicts svg path.verified').getAttribute('d')).toMatch(/^M/)
    expect(await page.locator('#live').isVisible()).toBe(false)
    await page.locator('#s0-chart-table summary').click()
    expect(await page.locator('#s0-chart-scroll tbody tr').first().isVisible()).toBe(true)
  })

  const views = languages.flatMap((language) =>
    (['light', 'dark'] as const).flatMap((colorScheme) =>
      [1280, 340].map((width) => [language, colorScheme, width] as const),
    ),
  )

  test.each(views)(
    'has no violation that axe finds and never scrolls sideways (%s, %s, %d px)',
    async (language, colorScheme, width) => {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 800 },
        javaScriptEnabled: true,
      })
      closers.push(() => context.close())
      const page = await context.newPage()
      for (const kind of ['healthy', 'outage', 'back', 'overridden'] as const) {
        const options = {
          language,
          isLanguageAsked: false,
          nonce: 'abc',
          action: './override',
          result: 'done',
        } as const
        const html = statusPage(sampleReport(kind), options)
        await page.setContent(html.replace(/<script.*<\/script>/s, ''))
        await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
        await page.evaluate(axe)
        const violations = await page.evaluate(async () => {
          const { axe: runner } = globalThis as unknown as {
            axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
          }
          return (await runner.run()).violations.map(({ id, nodes }) => [id, nodes[0]?.html])
        })
        expect(violations).toEqual([])
        expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
      }
    },
  )
})
