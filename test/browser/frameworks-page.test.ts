import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from '@jest/globals'
import { browserSuite, inChromium, solve, type Visit } from './browser-suite.js'

const { visit } = browserSuite()
const verified = expect.objectContaining({ reason: 'verified' })

/** A page as the server renders it, and the script that makes it live. */
type FrameworkPage = { html: string; script: string }
let pages: Record<string, FrameworkPage>

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['test/browser/build-framework-pages.mjs'], {
    // Strict mode runs effects twice in development alone, and there frameworks report what is wrong with a page.
    env: { ...process.env, NODE_ENV: 'development' },
    maxBuffer: 2 ** 26,
  })
  pages = JSON.parse(stdout)
}, 60_000)

inChromium.each(['React', 'Vue', 'Svelte'])('The recipe for %s in docs/frameworks-page.md', (name) => {
  async function open(captchaSite: 'mainland' | 'international' = 'mainland'): Promise<Visit> {
    const here = await visit({
      captchaSite,
      prepare(site) {
        site.page.html = `<!doctype html><html lang="en"><title>${name}</title><div id="app">${pages[name]?.html}</div>`
      },
    })
    await here.page.addScriptTag({ content: pages[name]?.script ?? '', type: 'module' })
    await here.page.waitForSelector('[data-captcha-status][aria-live]', { state: 'attached' })
    return here
  }

  const signIn = async ({ page }: Visit) => {
    await page.fill('[name=user]', 'ann')
    await page.click('form button')
  }
  const challenge = '[data-captcha-dialog]'

  test('is rendered on the server, takes its form over and signs in with one challenge', async () => {
    expect(pages[name]?.html).toContain('<form')
    const here = await open()
    expect(await here.page.locator('form').count()).toBe(1)
    await signIn(here)
    await here.page.waitForSelector(challenge)
    expect(await here.page.locator(challenge).count()).toBe(1)
    await solve(here)
    await here.page.getByRole('heading', { name: 'welcome' }).waitFor()
    expect(here.site.posts).toMatchObject([{ fields: { user: 'ann' } }])
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('sends nothing when the route changes during a challenge, which goes too, and works when it is back', async () => {
    const here = await open()
    await signIn(here)
    await here.page.waitForSelector(challenge)
    const otherPage = () => here.page.evaluate(() => document.getElementById('switch')?.click())
    await otherPage()
    await here.page.getByRole('heading', { name: 'home' }).waitFor()
    await here.page.waitForSelector(challenge, { state: 'detached' })
    await otherPage()
    await signIn(here)
    await solve(here)
    await here.page.getByRole('heading', { name: 'welcome' }).waitFor()
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })

  test('has one checkbox of the international script, which comes and goes with the form', async () => {
    const here = await open('international')
    const checkbox = here.page.locator('[data-captcha-checkbox]')
    await checkbox.waitFor()
    await here.page.click('#switch')
    await here.page.getByRole('heading', { name: 'home' }).waitFor()
    expect(await checkbox.count()).toBe(0)
    await here.page.click('#switch')
    await checkbox.click()
    await solve(here)
    await here.page.waitForSelector('[data-captcha-checkbox][aria-checked=true]')
    await signIn(here)
    await here.page.getByRole('heading', { name: 'welcome' }).waitFor()
    expect(here.site.decisions).toEqual([verified])
    expect(here.errors).toEqual([])
  })
})
