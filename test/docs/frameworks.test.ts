import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { namedCodeBlocks } from './code-blocks.js'
import { compileStrictly, type RecipeProcess, type Recipes, startRecipe, writeRecipes } from './recipe-process.js'

const blocks = namedCodeBlocks('docs/frameworks.md')
const servers = ['fastify', 'koa', 'nest', 'hono'] as const

let recipes: Recipes

beforeAll(async () => {
  recipes = await writeRecipes(blocks)
})

afterAll(() => recipes.remove())

test('the document has a recipe for each framework', () => {
  expect([...blocks.keys()].sort()).toEqual([...servers, 'guard', 'socket'].map((name) => `${name}.ts`).sort())
})

test('the recipes compile under strict', () => {
  expect(compileStrictly(recipes)).toBe('')
}, 120_000)

describe.each(servers)('%s', (name) => {
  let simulator: Simulator
  let running: RecipeProcess | undefined

  afterEach(async () => {
    await running?.stop()
    await simulator.close()
  })

  async function start(): Promise<(token?: object) => Promise<Response>> {
    simulator = await startSimulator()
    running = await startRecipe(recipes, name, simulator)
    const { url } = running
    return (token) =>
      fetch(`${url}/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(token ?? {}),
      })
  }

  test('passes a verified request, and refuses its ticket the second time', async () => {
    const send = await start()
    const token = simulator.mintTicket()
    const first = await send(token)
    expect([first.status, await first.json()]).toEqual([200, { degraded: false }])
    const again = await send(token)
    expect([again.status, ((await again.json()) as { code: string }).code]).toEqual([403, 'captcha_expired'])
  })

  test('answers a refused request as the middleware does', async () => {
    const send = await start()
    for (const [token, status, code] of [
      [{}, 400, 'captcha_required'],
      [{ ticket: ['a', 'b'], randstr: '@a' }, 400, 'captcha_invalid'],
      [simulator.mintTicket({ code: 15 }), 403, 'captcha_invalid'],
      [simulator.mintTicket({ fault: 'auth_failure' }), 503, 'captcha_unavailable'],
    ] as const) {
      const response = await send(token)
      expect([response.status, await response.json()]).toEqual([status, expect.objectContaining({ status, code })])
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/)
      expect(response.headers.get('cache-control')).toBe('no-store')
    }
  })

  test('passes degraded within the purse, and not beyond it', async () => {
    const send = await start()
    const statuses: number[] = []
    for (let index = 0; index < 4; index++) {
      const seconds = Math.floor(Date.now() / 1000)
      const ticket = `trerror_1001_${simulator.captchaAppId}_${seconds}`
      statuses.push((await send({ ticket, randstr: `@${index}` })).status)
    }
    expect(statuses).toEqual([200, 200, 200, 503])
  })
})
