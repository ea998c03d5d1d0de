import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { errorReply } from '../../lib/simulator/api-reply.js'
import { type ApiFault, apiFaults, type Simulator, startSimulator } from '../../lib/simulator/index.js'
import { wireAnswer } from '../../lib/simulator/wire-answer.js'
import { until } from '../support/turned-time.js'
import { checkMini, checkWeb, outcomeOf, sdkClient, webBody } from './call-api.js'

const canary = { ticket: 'trerror_1001_190000001_1713500000' }

interface RawAnswer {
  readonly text: string
  /** How the connection ended, or `open` where it did not. */
  readonly end: 'open' | 'closed' | 'refused' | 'reset'
}

/** What an answer has to look like before it counts as left open. */
interface Expected {
  readonly text: RegExp
  readonly end: RawAnswer['end']
}

/** Resolves when a request that came later has been answered, on a port that no fault of the API concerns. */
async function laterRequest({ scriptUrl }: Simulator): Promise<void> {
  await (await fetch(scriptUrl)).arrayBuffer()
}

/**
 * Sends one unsigned request over a plain socket and records every byte, until the connection ends, or stays open as expected
 * while a later request is answered.
 */
function rawCall(simulator: Simulator, ticket: string, expected?: Expected): Promise<RawAnswer> {
  const body = JSON.stringify(webBody(simulator, { ticket }))
  const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nX-TC-Action: DescribeCaptchaResult\r\nX-TC-Version: 2019-07-22\r\nContent-Length: ${body.length}\r\n\r\n`
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(simulator.url).port), '127.0.0.1')
    let text = ''
    let isWatched = false
    const finish = (end: RawAnswer['end']): void => {
      socket.destroy()
      resolve({ text, end })
    }
    const watch = (): void => {
      if (expected?.end !== 'open' || !expected.text.test(text) || isWatched) return
      isWatched = true
      void laterRequest(simulator).then(() => finish('open'))
    }
    socket.on('connect', () => {
      socket.write(head + body)
      watch()
    })
    socket.on('data', (chunk) => {
      text += chunk.toString()
      watch()
    })
    socket.on('end', () => finish('closed'))
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'))
  })
}

describe('A fault of the API', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterEach(async () => {
    simulator.setFault(null)
    await simulator.settled()
    simulator.clearCalls()
  })
  afterAll(() => simulator.close())

  it('has a name of its own and is set by that name', () => {
    expect(new Set(apiFaults).size).toBe(apiFaults.length)
    for (const fault of apiFaults) {
      simulator.setFault(fault as ApiFault)
      expect(simulator.faults.api).toEqual({ fault, options: {} })
    }
  })

  it.each<[ApiFault, RegExp, RawAnswer['end']]>([
    ['hang', /^$/, 'open'],
    ['hang_body', /^HTTP\/1.1 200 OK.*"Response"/s, 'open'],
    ['cut_body', /^HTTP\/1.1 200 OK.*"Response"/s, 'closed'],
    ['reset', /^$/, 'reset'],
    ['refuse', /^$/, 'refused'],
    ['http_500_html', /^HTTP\/1.1 500 .*text\/html.*<h1>500/s, 'open'],
    ['http_502_html', /^HTTP\/1.1 502 .*text\/html.*<h1>502/s, 'open'],
    ['http_503_html', /^HTTP\/1.1 503 .*text\/html.*<h1>503/s, 'open'],
    ['http_500_json', /^HTTP\/1.1 500 .*application\/json.*"InternalError"/s, 'open'],
    ['http_502_json', /^HTTP\/1.1 502 .*application\/json.*"InternalError"/s, 'open'],
    ['http_503_json', /^HTTP\/1.1 503 .*application\/json.*"InternalError"/s, 'open'],
    ['redirect', /^HTTP\/1.1 302 .*location: http:\/\/127.0.0.1:\d+\/redirected/s, 'open'],
    ['truncated_json', /^HTTP\/1.1 200 .*content-length.*\{"Response":[^}]*$/s, 'open'],
    ['not_json', /^HTTP\/1.1 200 .*<!doctype html>/s, 'open'],
    ['empty_object', /^HTTP\/1.1 200 .*\r\n\r\n\{\}$/s, 'open'],
    ['null_response', /^HTTP\/1.1 200 .*\{"Response":null\}$/s, 'open'],
    ['event_stream', /^HTTP\/1.1 200 .*content-type: text\/event-stream\r\n.*data: \{"Response"/s, 'open'],
    ['oversized', /^HTTP\/1.1 200 .*content-length: 1\d{6}\r\n/s, 'open'],
    ['internal_error', /"Code":"InternalError"/, 'open'],
    ['internal_server_error', /"Code":"InternalServerError"/, 'open'],
    ['system_busy', /"CaptchaCode":26.*"retcode":0,"retmsg":"ok"/s, 'open'],
    ['request_limit_exceeded', /"Code":"RequestLimitExceeded"/, 'open'],
    ['auth_failure', /"Code":"AuthFailure.SignatureFailure"/, 'open'],
    ['unauthorized_operation', /"Code":"UnauthorizedOperation.Unauthorized"/, 'open'],
    [
      { kind: 'api_error', code: 'FailedOperation', message: 'No.' },
      /"Code":"FailedOperation","Message":"No."/,
      'open',
    ],
    [{ kind: 'captcha_code', code: 104 }, /"CaptchaCode":104/, 'open'],
  ])('%j sends the bytes that its name promises', async (fault, text, end) => {
    simulator.setFault(fault)
    const answer = await rawCall(simulator, 'tr03x*', { text, end })
    expect(answer.text).toMatch(text)
    expect(answer.end).toBe(end)
  })

  it('sends CaptchaCode as a string when it is string_code', async () => {
    simulator.setFault('string_code')
    const request = sdkClient(simulator).request('DescribeCaptchaResult', webBody(simulator, simulator.mintTicket()))
    expect((await request).CaptchaCode).toBe('1')
  })

  it('delays the correct answer by delayMs when it is slow', async () => {
    simulator.setFault({ kind: 'slow', delayMs: 120 })
    const started = performance.now()
    expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
    expect(performance.now() - started).toBeGreaterThanOrEqual(118)
  })

  it('delays the answer by 1.9 s when it is slow without delayMs', () => {
    const context = { channel: 'web', requestId: '', redirectTo: '', answer: () => errorReply('Any', '') } as const
    expect(wireAnswer('slow', context)).toMatchObject({ kind: 'respond', delayMs: 1900, outcome: 'error:Any' })
  })

  it('answers code 26 to both actions when it is system_busy', async () => {
    simulator.setFault('system_busy')
    expect(await checkWeb(simulator, canary)).toBe('code:26')
    expect(await checkMini(simulator, canary)).toBe('code:26')
  })

  it.each<ApiFault>(['hang_body', 'cut_body', 'truncated_json', 'string_code', 'event_stream', 'oversized'])(
    '%s spends the ticket although the answer is lost',
    async (fault) => {
      const minted = simulator.mintTicket()
      simulator.setFault(fault)
      const before = simulator.calls.length
      void checkWeb(simulator, minted)
      await until(() => simulator.calls.length > before)
      simulator.setFault(null)
      expect(await checkWeb(simulator, minted)).toBe('code:9')
    },
  )

  it.each<ApiFault>([
    'hang',
    'reset',
    'http_500_html',
    'http_503_json',
    'redirect',
    'not_json',
    'empty_object',
    'null_response',
    'internal_error',
    'system_busy',
    'request_limit_exceeded',
    'auth_failure',
  ])('%s does not spend the ticket', async (fault) => {
    const minted = simulator.mintTicket()
    simulator.setFault(fault)
    const impatient = sdkClient(simulator, { reqTimeout: 0.2 })
    const before = simulator.calls.length
    void outcomeOf(impatient.request('DescribeCaptchaResult', webBody(simulator, minted)))
    await until(() => simulator.calls.length > before)
    simulator.setFault(null)
    expect(await checkWeb(simulator, minted)).toBe('code:1')
  })

  it('counts the requests that follow the redirect', async () => {
    simulator.setFault('redirect')
    expect(await checkWeb(simulator, canary)).toBe('code:1')
    expect(simulator.redirectHits).toBe(1)
  })

  it('hits as many calls as the option next says and then heals', async () => {
    simulator.setFault('internal_error', { next: 2 })
    const outcomes = []
    for (let call = 0; call < 4; call += 1) outcomes.push(await checkWeb(simulator, canary))
    expect(outcomes).toEqual(['error:InternalError', 'error:InternalError', 'code:21', 'code:21'])
    expect(simulator.faults.api).toBeNull()
  })

  it('hits a share of the calls, which are the same calls for the same seed', async () => {
    const series = async (seed: number): Promise<string> => {
      simulator.setFault('empty_object', { share: 0.3, seed })
      let marks = ''
      for (let call = 0; call < 40; call += 1) {
        const response = await fetch(simulator.url, { method: 'POST', body: '{}' })
        marks += (await response.text()) === '{}' ? 'x' : '.'
      }
      return marks
    }
    const first = await series(7)
    expect(await series(7)).toBe(first)
    expect(await series(8)).not.toBe(first)
    const hits = first.replaceAll('.', '').length
    expect(hits).toBeGreaterThan(4)
    expect(hits).toBeLessThan(22)
  })

  it('hits ordinary tickets alone or fallback tickets alone, as the option only says', async () => {
    simulator.setFault('internal_error', { only: 'ordinary', next: 1 })
    expect(await checkWeb(simulator, canary)).toBe('code:21')
    expect(await checkWeb(simulator, simulator.mintTicket())).toBe('error:InternalError')
    simulator.setFault('internal_error', { only: 'canary' })
    expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
    expect(await checkWeb(simulator, canary)).toBe('error:InternalError')
  })

  it('hits every call with the one ticket that was minted with it', async () => {
    const cursed = simulator.mintTicket({ fault: 'internal_error' })
    expect(await checkWeb(simulator, cursed)).toBe('error:InternalError')
    expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
    expect(await checkWeb(simulator, cursed)).toBe('error:InternalError')
  })

  it('closes the port and opens the same port again, five times in a row', async () => {
    const { url } = simulator
    for (let round = 0; round < 5; round += 1) {
      simulator.setFault('refuse')
      expect((await rawCall(simulator, 'tr03x*')).end).toBe('refused')
      // The SDK must read the end of its idle connection first, or its next call fails.
      await laterRequest(simulator)
      simulator.setFault(null)
      expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
    }
    expect(simulator.url).toBe(url)
  })

  it('leaves the port in the state of the last change when changes follow each other at once', async () => {
    simulator.setFault('refuse')
    simulator.setFault(null)
    simulator.setFault('refuse')
    await simulator.settled()
    await laterRequest(simulator)
    expect((await rawCall(simulator, 'tr03x*')).end).toBe('refused')
    simulator.setFault(null)
    simulator.setFault('refuse')
    simulator.setFault('internal_error')
    await simulator.settled()
    expect(await checkWeb(simulator, canary)).toBe('error:InternalError')
  })

  it('destroys open connections when it starts to refuse', async () => {
    const before = simulator.calls.length
    const pending = checkWeb(simulator, simulator.mintTicket({ fault: 'hang' }))
    await until(() => simulator.calls.length > before)
    simulator.setFault('refuse')
    expect(await pending).toMatch(/^thrown:.*socket hang up/)
  })

  it('keeps its hanging calls hanging after it is healed, while new calls are answered', async () => {
    simulator.setFault('hang')
    let isHeld = true
    const held = rawCall(simulator, 'tr03x*').then((answer) => {
      isHeld = false
      return answer
    })
    await until(() => simulator.calls.length > 0)
    simulator.setFault(null)
    for (let call = 0; call < 5; call++) expect(await checkWeb(simulator, simulator.mintTicket())).toBe('code:1')
    expect(isHeld).toBe(true)
    simulator.setFault('refuse')
    expect((await held).text).toBe('')
  })

  it('throws for an unknown name or option and lists what is allowed', () => {
    const set = (fault: unknown, options?: unknown) => () =>
      simulator.setFault(fault as ApiFault, options as { next?: number })
    expect(set('hangs')).toThrow(/"hangs".*hang_body/)
    expect(set({ kind: 'slow', delayMs: -1 })).toThrow(/delayMs is -1/)
    expect(set({ kind: 'nothing' })).toThrow(TypeError)
    expect(set('hang', { next: 0 })).toThrow(/next is 0/)
    expect(set('hang', { share: 2 })).toThrow(/share is 2/)
    expect(set('hang', { only: 'all' })).toThrow(/only is "all"/)
    expect(set('hang', { nxt: 1 })).toThrow(/"nxt".*next, share, seed, only/)
    expect(set('refuse', { next: 1 })).toThrow(/use "reset"/)
    expect(() => simulator.mintTicket({ fault: 'refuse' })).toThrow(/use "reset"/)
    expect(simulator.faults.api).toBeNull()
  })
})

describe('The call log of a simulator', () => {
  let simulator: Simulator
  beforeAll(async () => {
    simulator = await startSimulator()
  })
  afterAll(() => simulator.close())

  it('records the request and the outcome of each call', async () => {
    const minted = simulator.mintTicket()
    await checkWeb(simulator, minted)
    await checkMini(simulator, canary)
    simulator.setFault('internal_error', { next: 1 })
    await checkWeb(simulator, canary)
    const common = { captchaAppId: 190000001, userIp: '203.0.113.7', aborted: false }
    expect(simulator.calls).toMatchObject([
      { ...common, action: 'DescribeCaptchaResult', ticketKind: 'ordinary', ticket: minted.ticket, outcome: 'code:1' },
      { ...common, action: 'DescribeCaptchaMiniResult', ticketKind: 'fallback', outcome: 'code:21' },
      { ...common, ticketKind: 'fallback', outcome: 'error:InternalError' },
    ])
    simulator.clearCalls()
    expect(simulator.calls).toEqual([])
  })

  it('records a hanging call on arrival and marks it as aborted when the client gives up', async () => {
    simulator.setFault('hang')
    const abort = new AbortController()
    const body = webBody(simulator, simulator.mintTicket())
    const request = sdkClient(simulator).request('DescribeCaptchaResult', body, { signal: abort.signal })
    const given = request.catch(() => 'gave up')
    await until(() => simulator.calls.length > 0)
    expect(simulator.calls).toMatchObject([{ outcome: 'fault:hang', aborted: false }])
    abort.abort()
    await given
    await until(() => simulator.calls[0]?.aborted === true)
    expect(simulator.calls).toMatchObject([{ outcome: 'fault:hang', aborted: true }])
  })

  it('does not mark a connection as aborted that the simulator itself broke', async () => {
    simulator.clearCalls()
    simulator.setFault('reset')
    await checkWeb(simulator, canary)
    simulator.setFault('cut_body')
    await rawCall(simulator, canary.ticket)
    await laterRequest(simulator)
    expect(simulator.calls.map((call) => [call.outcome, call.aborted])).toEqual([
      ['fault:reset', false],
      ['fault:cut_body', false],
    ])
  })
})
