import { afterAll, afterEach, beforeAll, describe, jest } from '@jest/globals'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium, mayRun } from '../support/chromium.js'
import { openSite, type Site, type SiteOptions } from './open-site.js'

/** A page of a site of its own. */
export type Visit = {
  site: Site
  page: Page
  /** Exceptions and console errors, without those of failed requests, which the browser reports by itself. */
  errors: string[]
  vendorRequests: () => number
}

export type VisitOptions = SiteOptions & { context?: BrowserContextOptions; prepare?: (site: Site) => void }

/** `describe`, or a skipped one where there is no Chromium. */
export const inChromium = mayRun ? describe : describe.skip

/** Launches Chromium for the tests of a file, and closes after each test what it has opened. */
export function browserSuite(launchOptions: { ignoreDefaultArgs?: string[] } = {}) {
  let browser: Browser
  const open: { close(): Promise<unknown> }[] = []
  jest.setTimeout(40_000)

  beforeAll(async () => {
    if (mayRun) browser = await launchChromium(launchOptions)
  })
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close()
  })
  afterAll(() => browser?.close())

  async function visit({ context: contextOptions, prepare, ...siteOptions }: VisitOptions = {}): Promise<Visit> {
    const site = await openSite(siteOptions)
    prepare?.(site)
    const context = await browser.newContext(contextOptions)
    context.setDefaultTimeout(8000)
    const page = await context.newPage()
    open.push(context, site)
    const errors: string[] = []
    let requests = 0
    page.on('pageerror', (error) => errors.push(String(error)))
    page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) errors.push(message.text())
    })
    page.on('request', (request) => {
      if (/TJN?Captcha/.test(request.url())) requests++
    })
    await page.goto(site.origin)
    return { site, page, errors, vendorRequests: () => requests }
  }
  return { visit }
}

/** Solves the challenge on the screen, or the next one; not one that is already solved. */
export const solve = ({ page }: Pick<Visit, 'page'>) =>
  page.dispatchEvent('[data-captcha-dialog]:not(.tjc-busy, .tjc-solved) [data-captcha-solve]', 'click')

/**
 * Stops the page's clock, so that only `runFor` fires its timers: what a call waited for is then the sum of its timers, on any
 * machine. Events of the network go on.
 */
export async function stopClock({ page }: Pick<Visit, 'page'>): Promise<void> {
  await page.clock.install()
  // The second may be over when a busy machine comes to it.
  for (let triesLeft = 5; ; triesLeft--) {
    try {
      return await page.clock.pauseAt(Date.now() + 1000)
    } catch (error) {
      if (triesLeft === 0) throw error
    }
  }
}
