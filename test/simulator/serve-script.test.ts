import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { type ScriptFault, type Simulator, scriptFaults, startSimulator } from '../../lib/simulator/index.js'
import { checkWeb } from './call-api.js'

describe('The script server', () => {
  let simulator: Simulator
  let origin: string
  beforeAll(async () => {
    simulator = await startSimulator()
    origin = new URL(simulator.scriptUrl).origin
  })
  afterEach(() => {
    simulator.setScriptFault(null)
    simulator.setFault(null)
    simulator.clearCalls()
  })
  afterAll(() => simulator.close())

  async function scriptText(): Promise<string> {
    return (await fetch(simulator.scriptUrl)).text()
  }

  it('serves the script uncached to pages of every origin and counts the requests', async () => {
    const response = await fetch(`${simulator.scriptUrl}?v=1`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/javascript/)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await response.text()).toContain('window.TencentCaptcha')
    expect(simulator.scriptHits).toBe(1)
    simulator.clearCalls()
    expect(simulator.scriptHits).toBe(0)
  })

  it.each<[ScriptFault, number]>([
    ['not_found', 404],
    ['empty', 200],
  ])('serves no TencentCaptcha for the fault %s, with HTTP %i', async (fault, status) => {
    simulator.setScriptFault(fault)
    const response = await fetch(simulator.scriptUrl)
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain('TencentCaptcha')
  })

  it('hangs or destroys the connection for the faults hang and refuse_connection', async () => {
    simulator.setScriptFault('hang')
    await expect(fetch(simulator.scriptUrl, { signal: AbortSignal.timeout(100) })).rejects.toThrow(/timeout/)
    simulator.setScriptFault('refuse_connection')
    await expect(fetch(simulator.scriptUrl)).rejects.toThrow('fetch failed')
    expect(simulator.scriptHits).toBe(2)
    expect((await fetch(`${origin}/`)).status).toBe(200)
  })

  it('writes the fault into the text as JSON', async () => {
    simulator.setScriptFault('constructor_throws')
    expect(await scriptText()).toContain('"fault":"constructor_throws"')
    simulator.setScriptFault({ kind: 'error_code', errorCode: 1014 })
    expect(await scriptText()).toContain('"fault":{"kind":"error_code","errorCode":1014}')
    simulator.setScriptFault(null)
    expect(await scriptText()).toContain('"fault":null')
  })

  it('serves valid JavaScript without eval and innerHTML under every fault', async () => {
    for (const fault of [null, ...scriptFaults.filter((name) => !['hang', 'refuse_connection'].includes(name))]) {
      simulator.setScriptFault(fault as ScriptFault | null)
      const text = await scriptText()
      if (fault !== 'not_found') expect(() => new Function(text)).not.toThrow()
      expect(text).not.toMatch(/\beval\(|innerHTML|new Function|document\.write/)
    }
  })

  it('mints tickets for pages of other origins, and the API passes them', async () => {
    const response = await fetch(`${origin}/ticket`, {
      method: 'POST',
      body: JSON.stringify({ captchaAppId: '190000001', channel: 'web' }),
    })
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await checkWeb(simulator, (await response.json()) as { ticket: string; randstr: string })).toBe('code:1')
    const preflight = await fetch(`${origin}/ticket`, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type')
  })

  it.each(['', 'x', '[]', '{"channel":"app"}', '{"captchaAppId":"x"}'])(
    'answers HTTP 400 and mints no ticket for the body %j',
    async (body) => {
      const response = await fetch(`${origin}/ticket`, { method: 'POST', body })
      expect(response.status).toBe(400)
      expect(await response.json()).toEqual({ error: expect.any(String) })
    },
  )

  it('lists its routes under an unknown path', async () => {
    const response = await fetch(`${origin}/nowhere`)
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ error: expect.stringContaining('GET /TJCaptcha.js') })
  })
})

describe('The control API', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  function put(body: unknown): Promise<Response> {
    return fetch(simulator.controlUrl, { method: 'PUT', body: typeof body === 'string' ? body : JSON.stringify(body) })
  }

  it('sets faults and returns the state and the last calls', async () => {
    const change = { api: 'internal_error', options: { next: 3 }, script: { kind: 'error_code', errorCode: 1085 } }
    const response = await put(change)
    expect(response.status).toBe(200)
    expect(simulator.faults).toEqual({ api: { fault: 'internal_error', options: { next: 3 } }, script: change.script })
    await checkWeb(simulator, { ticket: 'tr03x*' })
    const state = await (await fetch(simulator.controlUrl)).json()
    expect(state).toMatchObject({
      faults: { api: { fault: 'internal_error', options: { next: 2 } }, script: change.script },
      totalCalls: 1,
      calls: [{ outcome: 'error:InternalError' }],
    })
  })

  it('changes only the faults that the body names, and heals with null', async () => {
    await put({ api: 'hang', script: 'empty' })
    await put({ script: null })
    expect(simulator.faults).toEqual({ api: { fault: 'hang', options: {} }, script: null })
    await put({ api: null })
    expect(simulator.faults).toEqual({ api: null, script: null })
  })

  it('answers after the port is closed or open', async () => {
    await put({ api: 'refuse' })
    expect(await checkWeb(simulator, { ticket: 'tr03x*' })).toMatch(/^thrown:/)
    await put({ api: null })
    expect(await checkWeb(simulator, { ticket: 'tr03x*' })).toBe('code:15')
  })

  it.each([
    ['', /JSON object/],
    ['[1]', /JSON object/],
    [{ apis: 'hang' }, /unknown key "apis"/],
    [{ api: 'hangs' }, /"hangs"/],
    [{ api: 'hang', options: { share: 7 } }, /share is 7/],
    [{ options: { share: 0.5 } }, /options need an api fault/],
    [{ api: 'refuse', options: { next: 1 } }, /use "reset"/],
    [{ api: 'hang', script: 'nothing' }, /"nothing"/],
  ])('answers HTTP 400 to %j and changes nothing', async (body, message) => {
    const response = await put(body)
    expect(response.status).toBe(400)
    expect(((await response.json()) as { error: string }).error).toMatch(message)
    expect(simulator.faults).toEqual({ api: null, script: null })
  })

  it('refuses web pages of other origins', async () => {
    expect((await fetch(simulator.controlUrl)).headers.get('access-control-allow-origin')).toBeNull()
    const { request } = await import('node:http')
    const status = await new Promise((resolve, reject) => {
      const foreign = request(simulator.controlUrl, { headers: { host: 'rebound.example' } }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      foreign.on('error', reject)
      foreign.end()
    })
    expect(status).toBe(400)
  })
})
