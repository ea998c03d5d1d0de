import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { namedCodeBlocks } from './code-blocks.js'
import { compileStrictly, type RecipeProcess, type Recipes, startRecipe, writeRecipes } from './recipe-process.js'

const blocks = namedCodeBlocks('docs/known-clients.md')
/** What one address passes from doubt in ten minutes. */
const perAddress = 3

let recipes: Recipes
let simulator: Simulator
let running: RecipeProcess | undefined

beforeAll(async () => {
  recipes = await writeRecipes(blocks)
})
afterAll(() => recipes.remove())
beforeEach(async () => {
  simulator = await startSimulator()
})
afterEach(async () => {
  await running?.stop()
  await simulator.close()
})

/** A browser that keeps its cookies, at the one address of this test. */
function browser(url: string) {
  let cookies = ''
  async function post(path: string, body: object, sent = cookies): Promise<Response> {
    const headers = { 'content-type': 'application/json', ...(sent && { cookie: sent }) }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    const given = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0])
    if (given.length > 0) cookies = given.join('; ')
    return response
  }
  return { post, cookies: () => cookies }
}

let tickets = 0
const fallback = () => ({
  ticket: `trerror_1001_${simulator.captchaAppId}_${Math.floor(Date.now() / 1000)}`,
  randstr: `@${tickets++}`,
})

async function start(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  running = await startRecipe(recipes, name, simulator, { COOKIE_SECRET: 'signs cookies', ...env })
  return running.url
}

/** Uses up what the address may pass without an identity. */
async function useUpAddress(url: string): Promise<void> {
  const statuses: number[] = []
  for (let index = 0; index <= perAddress; index++) {
    statuses.push((await browser(url).post('/comment', fallback())).status)
  }
  expect(statuses).toEqual([200, 200, 200, 503])
}

test('the recipes are those of the document, and compile under strict', () => {
  expect([...blocks.keys()]).toEqual(['session.ts', 'device.ts'])
  expect(compileStrictly(recipes)).toBe('')
}, 120_000)

describe('the user of a session', () => {
  async function signedIn(url: string) {
    const user = browser(url)
    const reply = await user.post('/sign-in', { ...simulator.mintTicket(), user: 'mei' })
    expect(reply.status).toBe(200)
    return user
  }

  test('passes where its address has no pass left, once the session is old enough', async () => {
    const url = await start('session', { KNOWN_AFTER_MS: '0' })
    const user = await signedIn(url)
    await useUpAddress(url)
    expect((await user.post('/comment', fallback())).status).toBe(200)
  })

  test('does not on its first day', async () => {
    const url = await start('session')
    const user = await signedIn(url)
    await useUpAddress(url)
    expect((await user.post('/comment', fallback())).status).toBe(503)
  })
})

describe('a device', () => {
  test('passes where its address has no pass left, after Tencent has verified it', async () => {
    const url = await start('device')
    const device = browser(url)
    await device.post('/comment', {})
    expect((await device.post('/comment', simulator.mintTicket())).status).toBe(200)
    await useUpAddress(url)
    expect((await device.post('/comment', fallback())).status).toBe(200)
  })

  test('does not for a cookie alone, nor for a forged one', async () => {
    const url = await start('device')
    const device = browser(url)
    await device.post('/comment', {})
    await device.post('/comment', simulator.mintTicket())
    const forged = device.cookies().replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
    const other = browser(url)
    await other.post('/comment', {})
    await useUpAddress(url)
    expect((await other.post('/comment', fallback())).status).toBe(503)
    expect((await browser(url).post('/comment', fallback(), forged)).status).toBe(503)
  })

  test('gets its cookie with every answer, verified, degraded or refused', async () => {
    const url = await start('device')
    for (const token of [simulator.mintTicket(), fallback(), simulator.mintTicket({ code: 15 }), {}]) {
      const response = await browser(url).post('/comment', token)
      expect(response.headers.getSetCookie()).toEqual([
        expect.stringMatching(
          /^device=s%3A.*; Max-Age=2592000; Path=\/; Expires=[^;]+; HttpOnly; Secure; SameSite=Lax$/,
        ),
      ])
    }
  })
})
