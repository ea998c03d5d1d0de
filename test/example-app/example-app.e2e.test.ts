import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { chromiumHint, launchChromium, mayRun } from '../support/chromium.js'
import { type ExampleProcess, openExample, spawnExample } from './example-process.js'

if (!mayRun) process.stderr.write(`Skipped: the example app in a browser. ${chromiumHint}\n`)

;(mayRun ? describe : describe.skip)('the example app in a browser', () => {
  let browser: Browser
  let context: BrowserContext
  let example: ExampleProcess
  let url: string
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser?.close())

  // A fresh app for each test, so that the purses start full and the circuit closed.
  beforeEach(async () => {
    example = spawnExample(['--port', '0'])
    url = await openExample(example)
    context = await browser.newContext({ locale: 'en' })
    context.setDefaultTimeout(8000)
    page = await context.newPage()
    complaints = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // Some tests have requests refused and scripts blocked on purpose: Chromium's messages on those are no complaint.
      if (message.type() === 'error' && !/^Failed to load resource/.test(message.text()))
        complaints.push(message.text())
    })
  })
  afterEach(async () => {
    await context?.close()
    await example?.end('SIGKILL')
    expect(complaints).toEqual([])
  })

  /** Sets a switch on the switchboard's page and waits until the server has taken it. */
  async function flip(label: string): Promise<void> {
    await page.goto(`${url}/switchboard`)
    const changed = page.waitForResponse((response) => response.url().endsWith('/switchboard/faults'))
    await page.getByLabel(label, { exact: true }).check()
    expect((await changed).status()).toBe(200)
  }

  /** The guard's status page on the switchboard. */
  const status = () => page.frameLocator('iframe')

  async function solve(): Promise<void> {
    await page.locator('[data-captcha-solve]').click()
  }

  async function openLogin(): Promise<void> {
    await page.goto(`${url}/login`)
    await page.getByRole('button', { name: 'Sign in' }).click()
  }

  function step(name: 'ticket' | 'verdict' | 'answer'): Promise<string | null> {
    return page.locator(`[data-step="${name}"][data-tone]:not([data-tone=""]) span`).textContent()
  }

  it('verifies a visitor who solves the challenge at login, checkout and review', async () => {
    await openLogin()
    await solve()
    await page.getByText('Hello, Lin').waitFor()
    expect(await step('verdict')).toMatch(/^Verified by Tencent in \d+ ms/)
    await page.goto(`${url}/checkout`)
    await page.getByRole('button', { name: 'Pay' }).click()
    await solve()
    await page.getByText(/^Order YW-\w+ is paid with Alipay/).waitFor()
    await page.goto(`${url}/reviews`)
    await page.getByLabel('Review').fill('Clear and sweet.')
    await page.getByRole('button', { name: 'Post review' }).click()
    await solve()
    await page.getByText('Your review is published').waitFor()
  })

  it('lets visitors in as degraded passes while the API hangs, refuses payment, and publishes the held review afterwards', async () => {
    await flip('API hangs')
    await openLogin()
    await solve()
    await page.getByText('Hello, Lin').waitFor()
    expect(await step('verdict')).toMatch(/^Degraded pass \(timeout\) after 1\d{3} ms/)

    // The canary has failed as well by now, so the circuit is open and requests no longer wait.
    await page.goto(`${url}/switchboard`)
    await status().getByText('Open', { exact: true }).first().waitFor()
    await status().getByText('Outage', { exact: true }).first().waitFor()
    await page.locator('[data-verdicts]').getByText('Degraded pass').first().waitFor()
    await page.locator('[data-log]').getByText('captcha_outage_started').waitFor()

    await page.goto(`${url}/reviews`)
    await page.getByLabel('Review').fill('Still good in bad weather.')
    await page.getByRole('button', { name: 'Post review' }).click()
    await solve()
    await page.getByText('held for review and appears soon').waitFor()
    expect(await step('verdict')).toContain('circuit_open')
    await page.reload()
    await page.locator('.held').getByText('Still good in bad weather.').waitFor()

    await page.goto(`${url}/checkout`)
    await page.getByRole('button', { name: 'Pay' }).click()
    await solve()
    await page.getByText('Nothing was charged').waitFor()
    expect(await step('answer')).toBe('HTTP 503 captcha_unavailable')
    await page.goto(`${url}/switchboard`)
    await page.locator('[data-verdicts] tr', { hasText: '/checkout' }).getByText('503').waitFor()

    await flip('API works')
    await status().getByText('Closed', { exact: true }).first().waitFor({ timeout: 12_000 })
    // The ticket that came with the review is verified late, and the review is published.
    await page.locator('[data-log]').getByText('captcha_late_verdict').first().waitFor()
    await page.goto(`${url}/reviews`)
    await page.getByText('Still good in bad weather.').waitFor()
    expect(await page.locator('.held').count()).toBe(0)

    await openLogin()
    await solve()
    expect(await step('verdict')).toContain('Verified')
  }, 40_000)

  it('lets in a visitor whose script is blocked, and does not count that as verified', async () => {
    await flip('Script blocked')
    await openLogin()
    await page.getByText('Hello, Lin').waitFor()
    expect(await step('ticket')).toContain('Fallback ticket, error 1001')
    expect(await step('verdict')).toContain('Degraded pass (client_fallback)')
    await page.goto(`${url}/checkout`)
    await page.getByRole('button', { name: 'Pay' }).click()
    await page.getByText('Nothing was charged').waitFor()
  })

  it.each(['Script throws', 'Script gives a fallback ticket'])(
    'lets a visitor in with a fallback ticket when the switch "%s" is on',
    async (label) => {
      await flip(label)
      await openLogin()
      await page.getByText('Hello, Lin').waitFor()
      expect(await step('ticket')).toMatch(/^Fallback ticket, error 100[56]:/)
    },
  )

  it('sends no request when the visitor closes the challenge', async () => {
    await openLogin()
    await page.locator('[data-captcha-close]').click()
    await page.getByText('Not verified. Please try again.').waitFor()
    await page.goto(`${url}/switchboard`)
    await status().getByText('Users are verified').waitFor()
    await page.getByText('None yet.').waitFor()
  })

  it('sets an override by the status page in its frame, which the log names the operator of', async () => {
    await page.goto(`${url}/switchboard`)
    await status().getByLabel('Verify only').check()
    await status().getByLabel('Why').fill('rehearsal')
    await status().getByRole('button', { name: 'Set the override' }).click()
    await page.locator('[data-log]').getByText('captcha_override').waitFor()
    await page.locator('[data-log]').getByText('switchboard: rehearsal').waitFor()
  })

  it('shows operators the status page and the metrics behind a login', async () => {
    expect((await fetch(`${url}/ops/captcha`)).status).toBe(401)
    expect((await fetch(`${url}/metrics`)).status).toBe(401)
    const operator = await browser.newContext({
      locale: 'en',
      httpCredentials: { username: 'li.wei', password: 'longjing' },
    })
    try {
      const tab = await operator.newPage()
      await tab.goto(`${url}/ops/captcha`)
      await tab.getByText('Users are verified').waitFor()
      const metrics = await tab.goto(`${url}/metrics`)
      expect(await metrics?.text()).toContain('tencent_captcha_guard_info')
    } finally {
      await operator.close()
    }
  })

  it('runs an attack from the switchboard and says in plain words what it gained', async () => {
    await page.goto(`${url}/switchboard`)
    await page.getByRole('button', { name: 'Run: Replay' }).click()
    await page.getByText('2 of 100 tries got in: 1 from the doubt purse, 1 with a solved CAPTCHA.').waitFor()
    await page.getByText('The circuit stayed closed. There is no evidence of an outage.').waitFor()
  })

  it('is in Chinese for a browser that asks for it, and in English when the visitor chooses that', async () => {
    await context.close()
    context = await browser.newContext({ locale: 'zh-CN' })
    page = await context.newPage()
    await page.goto(`${url}/login`)
    expect(await page.getAttribute('html', 'lang')).toBe('zh-CN')
    await page.getByRole('button', { name: '登录' }).click()
    await page.getByText('拖动拼图填入缺口').waitFor()
    await page.getByText('正在进行安全验证…').waitFor()
    await solve()
    await page.getByText('Lin，您好').waitFor()
    await page.getByRole('link', { name: 'English' }).click()
    await page.getByRole('heading', { name: 'Welcome back' }).waitFor()
    expect(new URL(page.url()).pathname).toBe('/login')
  })

  it('verifies a visitor with the international script, whose checkbox stands above the button', async () => {
    await page.goto(`${url}/login`)
    await page.getByRole('link', { name: 'change' }).click()
    await page.getByText('international script').waitFor()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('Please tick the box above the button.').waitFor()
    await page.getByRole('checkbox', { name: 'I am human' }).click()
    await solve()
    await page.getByText('Hello, Lin').waitFor()
    expect(await step('verdict')).toMatch(/^Verified by Tencent/)
  })

  it.each(['en', 'zh'])(
    'has nothing that axe finds on any page, with the challenge and the checkbox too, in %s',
    async (language) => {
      const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
      const findings = async (where: string): Promise<string[]> => {
        await page.evaluate(axe)
        const violations = (await page.evaluate('axe.run().then(({ violations }) => violations)')) as {
          id: string
          nodes: unknown[]
        }[]
        return violations.map(({ id, nodes }) => `${where}: ${id} × ${nodes.length}`)
      }
      const found: string[] = []
      for (const path of ['/', '/login', '/reviews', '/checkout', '/switchboard', '/nowhere']) {
        await page.goto(`${url}/choose?language=${language}&back=${path}`)
        found.push(...(await findings(path)))
      }
      await page.goto(`${url}/choose?script=international&back=/login`)
      await page.locator('[data-captcha-checkbox]').waitFor()
      found.push(...(await findings('checkbox')))
      await page.locator('[data-captcha-checkbox]').click()
      await page.locator('[data-captcha-solve]').waitFor()
      // What fades in has less contrast until then.
      await page.evaluate('Promise.all(document.getAnimations().map(({ finished }) => finished))')
      found.push(...(await findings('challenge')))
      expect(found).toEqual([])
    },
  )

  it.each(['light', 'dark'] as const)(
    'has nothing on the switchboard that axe finds, %s',
    async (colorScheme) => {
      // axe is put into the page, which its policy forbids.
      const open = await browser.newContext({ locale: 'en', bypassCSP: true, colorScheme })
      try {
        const tab = await open.newPage()
        await tab.goto(`${url}/switchboard`)
        await tab.getByRole('button', { name: 'Run: Replay' }).click()
        await tab.getByText('2 of 100 tries got in').waitFor()
        await tab.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'))
        expect(await tab.evaluate('axe.run().then(({ violations }) => violations.map(({ id }) => id))')).toEqual([])
      } finally {
        await open.close()
      }
    },
    30_000,
  )

  it.each([1280, 390])('fits every page into a screen %i pixels wide', async (width) => {
    await page.setViewportSize({ width, height: 800 })
    for (const path of ['/', '/login', '/reviews', '/checkout', '/switchboard']) {
      await page.goto(url + path)
      expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0)
    }
  })
})
