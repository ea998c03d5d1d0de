import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import express5, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { pino } from 'pino'
import supertest from 'supertest'
import { CaptchaConfigError, type CaptchaGuard, captchaGuard } from '../../lib/index.js'
import { startSimulator } from '../../lib/simulator/index.js'
import { latencyAt } from '../../lib/status/fleet-view.js'
import { maxStreams } from '../../lib/status/http/status-stream.js'
import { type CaptchaStatusOptions, captchaStatus, type SiteStatus, type StatusReport } from '../../lib/status/index.js'
import { type ExpressFactory, expressVersions, until } from '../flow/support.js'

jest.setTimeout(40_000)

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

const guardOptions = {
  captchaAppId: 190000001,
  appSecretKey: 'secret',
  credential: { secretId: 'id', secretKey: 'key' },
  endpoint: 'http://127.0.0.1:9',
  logger: false,
} as const

function newGuard(change: object = {}): CaptchaGuard {
  const guard = captchaGuard({ ...guardOptions, ...change })
  closers.push(() => guard.close())
  return guard
}

interface Setup extends Partial<CaptchaStatusOptions> {
  readonly express?: ExpressFactory
  readonly guards?: CaptchaGuard | Record<string, CaptchaGuard>
  readonly before?: readonly RequestHandler[]
}

/** An application with the status page at `/ops/captcha`; whoever sends `x-operator` is the operator of that name. */
function open({ express = express5, guards = newGuard(), before = [], ...options }: Setup = {}) {
  const app = express()
  const errors: unknown[] = []
  const status = captchaStatus(guards, { authorize: (req) => req.get('x-operator') ?? false, ...options })
  closers.push(() => status.close())
  if (before.length > 0) app.use(...(before as [RequestHandler]))
  app.use('/ops/captcha', status)
  app.use((_req, res) => {
    res.status(404).send('elsewhere')
  })
  const onError: ErrorRequestHandler = (error, _req, res, _next) => {
    errors.push(error)
    res.status(500).send('broken')
  }
  app.use(onError)
  const get = (accept: string, path = '/ops/captcha') =>
    supertest(app).get(path).set('x-operator', 'ann').set('accept', accept)
  const post = (path = '/ops/captcha/override') =>
    supertest(app).post(path).set('x-operator', 'ann').set('sec-fetch-site', 'same-origin')
  return { app, guards, status, errors, get, post }
}

const pass = { mode: 'pass', forMs: 60_000, reason: 'repair announced' }

describe('captchaStatus()', () => {
  test.each([
    ['nothing', undefined],
    ['no authorize', {}],
    ['an authorize that is no function', { authorize: true }],
    ['an unknown option', { authorize: () => true, allowedHost: ['a'] }],
    ['hosts that are no list', { authorize: () => true, allowedHosts: 'a' }],
    ['no host at all', { authorize: () => true, allowedHosts: [] }],
  ])('throws on %s, naming what is wrong', (_what, options) => {
    const guard = newGuard()
    const make = () => captchaStatus(guard, options as never)
    expect(make).toThrow(CaptchaConfigError)
    expect(make).toThrow(/`(authorize|allowedHosts?)`/)
  })

  test.each([[undefined], [{}], [{ login: {} }], [null]])('throws without a guard: %j', (guards) => {
    expect(() => captchaStatus(guards as never, { authorize: () => true })).toThrow(/needs a guard/)
  })
})

describe.each(expressVersions)('on %s', (_name, express) => {
  test('the mount point answers with page, JSON or stream, as the client accepts', async () => {
    const { get } = open({ express })
    const page = await get('text/html,*/*;q=0.8')
      .expect(200)
      .expect('content-type', /^text\/html/)
    expect(page.text).toContain('<h1>CAPTCHA status</h1>')
    const json = await get('application/json')
      .expect(200)
      .expect('content-type', /^application\/json/)
    expect((json.body as StatusReport).sites[0]).toMatchObject({
      names: ['guard'],
      captchaAppId: 190000001,
      findings: [{ kind: 'healthy' }],
      override: { mode: 'none' },
      fleet: { api: { state: 'healthy' }, processes: [{ pid: process.pid }] },
      guards: { guard: { mode: 'enforce' } },
    })
    await get('image/png').expect(406).expect('content-type', 'application/problem+json')
  })

  test('the page is strict about what may run and load, and is kept by no cache', async () => {
    const { get } = open({ express })
    const { headers, text } = await get('text/html').expect(200)
    const policy = headers['content-security-policy'] ?? ''
    const [, nonce] = /script-src 'nonce-([\w-]{20,})'/.exec(policy) ?? []
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'self'")
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(text).toContain(`<script nonce="${nonce}">`)
    expect(text).toContain(`<style nonce="${nonce}">`)
    expect(headers['cache-control']).toContain('no-store')
    expect(headers['x-content-type-options']).toBe('nosniff')
    const again = await get('text/html')
    expect(again.headers['content-security-policy']).not.toBe(policy)
  })

  test.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', '', 'zh-CN'],
    ['en-US,en;q=0.9,zh;q=0.8', '', 'en'],
    ['fr', '', 'en'],
    ['zh-TW', '?lang=en', 'en'],
    ['en', '?lang=zh', 'zh-CN'],
    ['en', '?lang=fr', 'en'],
    ['zh', '?lang=zh&lang=en', 'zh-CN'],
  ])('the page for %s%s is in %s', async (accepted, query, lang) => {
    const { get } = open({ express })
    const { text } = await get('text/html', `/ops/captcha${query}`).set('accept-language', accepted)
    expect(text).toContain(`<html lang="${lang}">`)
  })

  test('who is not authorised gets 403 at every address of the router, and nothing else', async () => {
    const { app, guards } = open({ express })
    for (const accept of ['text/html', 'application/json', 'text/event-stream', '*/*']) {
      const { body, text } = await supertest(app).get('/ops/captcha').set('accept', accept).buffer().expect(403)
      expect(body?.code ?? JSON.parse(text).code).toBe('forbidden')
    }
    await supertest(app)
      .post('/ops/captcha/override')
      .set('sec-fetch-site', 'same-origin')
      .send(pass)
      .expect(403)
      .expect('content-type', 'application/problem+json')
    expect((guards as CaptchaGuard).snapshot().override.mode).toBe('none')
  })

  test.each([[undefined], [null], [0], [1], [''], [{}], [{ name: '' }], [{ name: 5 }], [[]]])(
    'an authorize that returns %j refuses',
    async (said) => {
      const { get } = open({ express, authorize: () => said as never })
      await get('text/html').expect(403)
    },
  )

  test.each([
    [
      'throws',
      () => {
        throw new Error('session store')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('session store')
      },
    ],
  ])('an authorize that %s goes to next(error)', async (_how, authorize) => {
    const { get, errors } = open({ express, authorize: authorize as never })
    await get('text/html').expect(500)
    expect(errors).toEqual([new Error('session store')])
  })

  test.each([[undefined], ['route'], ['router']])(
    'an authorize that rejects with %j goes to next(error) as well, and not on to the next router',
    async (reason) => {
      const { get, errors } = open({ express, authorize: () => Promise.reject(reason) })
      await get('text/html').expect(500, 'broken')
      expect(errors).toEqual([expect.objectContaining({ cause: reason })])
    },
  )

  test('an override is set with who and why, as JSON or as a form', async () => {
    const guard = newGuard()
    const { post } = open({ express, guards: guard })
    const json = await post().set('accept', 'application/json').send(pass).expect(200)
    expect(json.body.override).toMatchObject({ mode: 'pass', by: 'ann: repair announced' })
    expect(guard.snapshot().override).toMatchObject({ mode: 'pass', by: 'ann: repair announced' })
    const form = await post()
      .type('form')
      .set('accept', 'text/html,*/*;q=0.8')
      .send({ mode: 'verify_only', forMs: '300000', reason: 'bots', guard: 'guard', lang: 'zh' })
      .expect(303)
    expect(form.headers.location).toBe('./?set=1&lang=zh')
    expect(guard.snapshot().override).toMatchObject({ mode: 'verify_only', by: 'ann: bots' })
    await post().set('accept', 'application/json').send({ mode: 'none' }).expect(200)
    expect(guard.snapshot().override).toEqual({ mode: 'none', by: 'ann' })
  })

  test.each([
    ['its own parsers', []],
    ['parsers of the application', [express.json(), express.urlencoded({ extended: true })]],
    ['text parsers of the application', [express.text({ type: '*/*' })]],
    ['raw parsers of the application', [express.raw({ type: '*/*' })]],
  ])('an override is read with %s', async (_what, before) => {
    const { post, guards } = open({ express, before })
    await post().set('accept', 'application/json').send(pass).expect(200)
    await post().set('accept', 'application/json').type('form').send(pass).expect(200)
    expect((guards as CaptchaGuard).snapshot().override.mode).toBe('pass')
  })

  test.each([
    ['another origin', { 'sec-fetch-site': 'cross-site' }],
    ['another site of the same domain', { 'sec-fetch-site': 'same-site' }],
    ['no origin', {}],
    ['another Origin', { origin: 'https://evil.example' }],
    ['a forged Host', { host: 'evil.example', origin: 'http://127.0.0.1' }],
    ['an opaque Origin', { origin: 'null' }],
  ])('an override from %s is refused', async (_what, headers) => {
    const { app, guards } = open({ express })
    const { body } = await supertest(app)
      .post('/ops/captcha/override')
      .set({ 'x-operator': 'ann', ...headers })
      .send(pass)
      .expect(403)
    expect(body.code).toBe('cross_origin')
    expect((guards as CaptchaGuard).snapshot().override.mode).toBe('none')
  })

  test('a Host that the operator has not named is refused everywhere: DNS rebinding', async () => {
    const { get, post, guards } = open({ express, allowedHosts: ['ops.example.com'], authorize: () => true })
    for (const accept of ['text/html', 'application/json', 'text/event-stream']) {
      await get(accept).set('host', 'evil.example').expect(421)
    }
    await post().set('host', 'evil.example').set('origin', 'http://evil.example').send(pass).expect(421)
    expect((guards as CaptchaGuard).snapshot().override.mode).toBe('none')
    await get('text/html').set('host', 'ops.example.com').expect(200)
    await post().set('host', 'ops.example.com').send(pass).expect(200)
  })

  test.each([
    ['mode', { ...pass, mode: 'open' }],
    ['forMs', { ...pass, forMs: undefined }],
    ['reason', { ...pass, reason: '' }],
    ['guard', { ...pass, guard: 'other' }],
  ])('an override with a wrong %s is refused, and the form says which', async (field, body) => {
    const { post, guards } = open({ express })
    const json = await post().set('accept', 'application/json').send(body).expect(400)
    expect(json.body).toMatchObject({ code: 'invalid_override', detail: expect.stringContaining(`\`${field}\``) })
    const form = await post().set('accept', 'text/html').type('form').send(body).expect(400)
    expect(form.text).toMatch(/role="alert">The override was not set:/)
    expect(form.text).toContain('action="./override"')
    expect((guards as CaptchaGuard).snapshot().override.mode).toBe('none')
  })

  test('bodies that are too large, of another type or broken are refused', async () => {
    const { post } = open({ express })
    await post()
      .send({ ...pass, reason: 'x'.repeat(10_000) })
      .expect(413)
    await post().type('text/plain').send(JSON.stringify(pass)).expect(415)
    for (const broken of ['{"mode":', '[1]', 'null', '1']) {
      const { body } = await post().type('application/json').send(broken).expect(400)
      expect(body).toMatchObject({ code: 'malformed_body' })
    }
    const { body } = await post().expect(400)
    expect(body).toMatchObject({ code: 'invalid_override' })
  })

  test('other methods are answered with 405, other addresses with 404, and HEAD like GET', async () => {
    const { app, get } = open({ express })
    await supertest(app).delete('/ops/captcha').set('x-operator', 'ann').expect(405).expect('allow', 'GET, HEAD')
    await get('text/html', '/ops/captcha/override').expect(405).expect('allow', 'POST')
    await get('text/html', '/ops/captcha/elsewhere').expect(404, 'elsewhere')
    await supertest(app).head('/ops/captcha').set('x-operator', 'ann').expect(200).expect('content-type', /html/)
    await supertest(app)
      .head('/ops/captcha')
      .set({ 'x-operator': 'ann', accept: 'text/event-stream' })
      .expect(200)
      .expect('content-type', /event-stream/)
  })

  test.each([
    ['/ops/captcha', './captcha/override'],
    ['/ops/captcha/', './override'],
    ['/ops/captcha?lang=zh', './captcha/override'],
  ])('the form of %s is sent to %s', async (path, action) => {
    const { get } = open({ express })
    expect((await get('text/html', path)).text).toContain(`<form method="post" action="${action}">`)
  })

  test('several guards have one section for each site, and the override names one of them', async () => {
    const guards = {
      login: newGuard(),
      comments: newGuard(),
      other: newGuard({ captchaAppId: 190000002 }),
    }
    const { get, post } = open({ express, guards })
    const { sites } = (await get('application/json')).body as StatusReport
    expect(sites.map(({ names }) => names)).toEqual([['login', 'comments'], ['other']])
    await post().set('accept', 'application/json').send(pass).expect(400)
    await post()
      .set('accept', 'application/json')
      .send({ ...pass, guard: 'other' })
      .expect(200)
    const modes = Object.values(guards).map((guard) => guard.snapshot().override.mode)
    expect(modes).toEqual(['none', 'none', 'pass'])
  })
})

test('an override is logged with who and why', async () => {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) })
  const { post } = open({ guards: newGuard({ logger }), authorize: () => ({ name: 'Lin Wei' }) })
  await post().send(pass).expect(200)
  expect(lines).toContainEqual(
    expect.objectContaining({ event: 'captcha_override', mode: 'pass', by: 'Lin Wei: repair announced' }),
  )
})

test('without Express the error says so', async () => {
  const status = captchaStatus(newGuard(), { authorize: () => true })
  closers.push(() => status.close())
  let error: unknown
  status({ url: '/', headers: {} } as never, {} as never, (given) => {
    error = given
  })
  expect(String(error)).toContain('needs Express')
})

test('decisions of the guard are counted from then on, and no more after close()', async () => {
  const guard = newGuard()
  const { get, status } = open({ guards: guard })
  const verdicts = async () => ((await get('application/json')).body as StatusReport).sites[0]?.fleet.verdicts ?? {}
  await guard.check({ ticket: '', userIp: '203.0.113.7' })
  expect((await verdicts()).ticket_missing?.at(-1)).toBe(1)
  status.close()
  await guard.check({ ticket: '', userIp: '203.0.113.7' })
  expect((await verdicts()).ticket_missing?.at(-1)).toBe(1)
})

test('calls to Tencent are counted at their endpoint: answered, refused and failed ones', async () => {
  const simulator = await startSimulator()
  closers.push(() => simulator.close())
  const { captchaAppId, appSecretKey, credential, url } = simulator
  const guard = newGuard({ captchaAppId, appSecretKey, credential, endpoint: url })
  const { get } = open({ guards: guard })
  const check = (token: object) => guard.check({ ticket: '', ...token, userIp: '203.0.113.7' })
  await check(simulator.mintTicket())
  await check(simulator.mintTicket({ code: 15 }))
  await check(simulator.mintTicket({ fault: 'internal_error' }))
  const { fleet } = ((await get('application/json')).body as StatusReport).sites[0] as SiteStatus
  expect(latencyAt(fleet, fleet.endpoints.find(({ inUse }) => inUse)?.url)).toMatchObject({ calls: 3, failed: 1 })
  expect(fleet.degraded).toMatchObject([{ cause: 'internal_error', passed: true, purse: 'doubt' }])
})

describe('the event stream', () => {
  async function listen(): Promise<number> {
    const { app } = open()
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    closers.push(() => {
      server.closeAllConnections()
      server.close()
    })
    return (server.address() as AddressInfo).port
  }

  function connectStream(port: number) {
    const socket = connect(port, '127.0.0.1')
    closers.push(() => socket.destroy())
    socket.on('error', () => {})
    socket.write(`GET /ops/captcha HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\nX-Operator: ann\r\n\r\n`)
    return socket
  }

  test('sends the status at once and every two seconds', async () => {
    const port = await listen()
    const socket = connectStream(port)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk
    })
    await until(() => text.split('event: status').length > 2, 10_000)
    expect(text).toMatch(/content-type: text\/event-stream/i)
    expect(text).toContain('"captchaAppId":190000001')
  })

  test('is opened only so often at once', async () => {
    const port = await listen()
    const answers: string[] = []
    for (let index = 0; index <= maxStreams; index++) {
      const socket = connectStream(port)
      socket.once('data', (chunk) => answers.push(String(chunk).slice(9, 12)))
    }
    await until(() => answers.length > maxStreams, 10_000)
    expect(answers.sort()).toEqual([...Array.from({ length: maxStreams }, () => '200'), '503'])
  })
})
