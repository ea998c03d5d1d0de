import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import express5, { type Express, type RequestHandler } from 'express'
import express4 from 'express4'
import { fromBody, fromHeaders, fromQuery, readTokenByDefault, type TokenReader } from '../lib/read-token.js'
import { ticketClassifier } from '../lib/tencent/classify-ticket.js'
import type { CaptchaRequest, RawToken } from '../lib/types.js'

const classify = ticketClassifier(190000001)

function request(given: { body?: unknown; headers?: Record<string, string>; query?: unknown }): CaptchaRequest {
  const { headers = {} } = given
  const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  return { ...given, headers, headersDistinct } as unknown as CaptchaRequest
}

function kindOf(token: RawToken): string {
  return classify(token, 'web').kind
}

const absent: RawToken = { ticket: undefined, randstr: undefined }
const body = { ticket: 'tr03body*', randstr: '@body' }
const headers = { 'x-captcha-ticket': 'tr03head*', 'x-captcha-randstr': '@head' }

describe('by default a token is read', () => {
  test('from the body', () => {
    expect(readTokenByDefault(request({ body }))).toEqual(body)
  })

  test('else from the headers', () => {
    expect(readTokenByDefault(request({ headers }))).toEqual({ ticket: 'tr03head*', randstr: '@head' })
  })

  test('one part from each where the other lacks it', () => {
    const half = { body: { ticket: 'tr03body*' }, headers: { 'x-captcha-randstr': '@head' } }
    expect(readTokenByDefault(request(half))).toEqual({ ticket: 'tr03body*', randstr: '@head' })
  })

  test('never from the query', () => {
    expect(readTokenByDefault(request({ query: body }))).toEqual(absent)
  })

  test('from both where both say the same', () => {
    const same = { 'x-captcha-ticket': body.ticket, 'x-captcha-randstr': body.randstr }
    expect(readTokenByDefault(request({ body, headers: same }))).toEqual(body)
  })

  test.each([
    [body, { 'x-captcha-ticket': 'tr03head*' }],
    [body, { 'x-captcha-randstr': '@head' }],
    [body, headers],
    [{ ticket: 5, randstr: '@' }, headers],
    [{ ticket: ['tr03head*'], randstr: '@head' }, headers],
    [{ ticket: {}, randstr: '@head' }, headers],
    [{ ticket: false, randstr: '@head' }, headers],
  ])('as malformed where body %j and headers %j disagree', (given, others) => {
    const token = readTokenByDefault(request({ body: given, headers: others as Record<string, string> }))
    expect(kindOf(token)).toBe('malformed')
  })

  test.each([undefined, null, ''])('from the headers where the body has %p', (empty) => {
    const token = readTokenByDefault(request({ body: { ticket: empty, randstr: empty }, headers }))
    expect(token).toEqual({ ticket: 'tr03head*', randstr: '@head' })
  })

  test('of a megabyte, and found malformed', () => {
    const ticket = 'x'.repeat(1_000_000)
    expect(kindOf(readTokenByDefault(request({ body: { ticket, randstr: '@a' } })))).toBe('malformed')
  })
})

describe('a body without a token', () => {
  class Form {
    get ticket(): string {
      return 'inherited'
    }
  }

  test.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'ticket=tr03abc*'],
    ['a number', 5],
    ['a Buffer', Buffer.from('{"ticket":"tr03abc*"}')],
    ['a list', [body]],
    ['a list of pairs', Object.assign([], body)],
    ['a function', Object.assign(() => {}, body)],
    ['no member', {}],
    ['no prototype', Object.create(null)],
    ['inherited members', Object.create(body)],
    ['a getter of its class', new Form()],
    ['__proto__ in JSON', JSON.parse('{"__proto__":{"ticket":"tr03abc*","randstr":"@a"}}')],
    ['constructor in JSON', JSON.parse('{"constructor":{"prototype":{"ticket":"tr03abc*"}}}')],
  ])('%s reads as absent', (_, given) => {
    expect(readTokenByDefault(request({ body: given }))).toEqual(absent)
  })

  test('may be without prototype and have one', () => {
    expect(readTokenByDefault(request({ body: Object.assign(Object.create(null), body) }))).toEqual(body)
  })
})

describe('the readers of one source', () => {
  test.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'length'])(
    'find nothing under the inherited name %s',
    (name) => {
      for (const source of [{}, { other: 1 }]) {
        expect(fromBody(name, name)(request({ body: source }))).toEqual(absent)
        expect(fromQuery(name, name)(request({ query: source }))).toEqual(absent)
      }
      expect(kindOf(fromHeaders(name, name)(request({})))).not.toBe('ordinary')
    },
  )

  test('take other names', () => {
    expect(fromBody('t', 'r')(request({ body: { t: 'a', r: 'b' } }))).toEqual({ ticket: 'a', randstr: 'b' })
    expect(fromQuery('t', 'r')(request({ query: { t: 'a', r: 'b' } }))).toEqual({ ticket: 'a', randstr: 'b' })
    const others = { 'x-t': 'a', 'x-r': 'b' }
    expect(fromHeaders('X-T', 'X-R')(request({ headers: others }))).toEqual({ ticket: 'a', randstr: 'b' })
  })

  test('read their default names', () => {
    expect(fromBody()(request({ body }))).toEqual(body)
    expect(fromQuery()(request({ query: body }))).toEqual(body)
    expect(fromHeaders()(request({ headers }))).toEqual({ ticket: 'tr03head*', randstr: '@head' })
  })
})

const servers: http.Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function listen(server: http.Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** Sends the bytes as they are, and resolves to the answer's body. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.end(text))
    let answer = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer.slice(answer.indexOf('\r\n\r\n') + 4)))
  })
}

describe('repeated headers on a real socket', () => {
  async function read(lines: readonly string[], reader: TokenReader = readTokenByDefault): Promise<RawToken> {
    const port = await listen(
      http.createServer((req, res) => {
        res.writeHead(200, { connection: 'close' }).end(JSON.stringify(reader(req as unknown as CaptchaRequest)))
      }),
    )
    return JSON.parse(await exchange(port, `GET / HTTP/1.0\r\nHost: h\r\n${lines.join('\r\n')}\r\n\r\n`))
  }

  test('once each, they are the token', async () => {
    expect(await read(['X-Captcha-Ticket: tr03abc*', 'x-captcha-RANDSTR: @a'])).toEqual({
      ticket: 'tr03abc*',
      randstr: '@a',
    })
  })

  test.each([
    [['X-Captcha-Ticket: a', 'X-Captcha-Ticket: b', 'X-Captcha-Randstr: @a']],
    [['X-Captcha-Ticket: a', 'x-captcha-ticket: a', 'X-Captcha-Randstr: @a']],
    [['X-Captcha-Ticket: a', 'X-Captcha-Randstr: @a', 'X-Captcha-Randstr: @b']],
  ])('twice, they are malformed: %j', async (lines) => {
    expect(kindOf(await read(lines))).toBe('malformed')
  })

  test('with a comma in one value, they are no repetition', async () => {
    expect(await read(['X-Captcha-Ticket: a, b', 'X-Captcha-Randstr: @a'])).toEqual({ ticket: 'a, b', randstr: '@a' })
  })

  test('empty, they are absent', async () => {
    expect(kindOf(await read(['X-Captcha-Ticket:', 'X-Captcha-Randstr:']))).toBe('missing')
  })

  test('repeated under a header that Node keeps once, they are malformed too', async () => {
    const lines = ['Authorization: a', 'Authorization: b', 'X-R: @a']
    expect(kindOf(await read(lines, fromHeaders('authorization', 'x-r')))).toBe('malformed')
  })
})

describe.each<[string, typeof express5]>([
  ['Express 4', express4 as unknown as typeof express5],
  ['Express 5', express5],
])('%s', (_, express) => {
  async function post(
    use: readonly RequestHandler[],
    init: RequestInit & { path?: string; reader?: TokenReader },
  ): Promise<RawToken> {
    const app: Express = express()
    const reader = init.reader ?? readTokenByDefault
    app.post('/', ...use, (req, res) => {
      res.json(reader(req as unknown as CaptchaRequest))
    })
    const port = await listen(http.createServer(app))
    const response = await fetch(`http://127.0.0.1:${port}${init.path ?? '/'}`, { method: 'POST', ...init })
    return (await response.json()) as RawToken
  }

  const json = { 'content-type': 'application/json' }
  const form = { 'content-type': 'application/x-www-form-urlencoded' }

  test('without a body parser a token is read from the headers alone', async () => {
    expect(await post([], { body: JSON.stringify(body), headers: json })).toEqual({})
    expect(await post([], { body: 'x', headers })).toEqual({ ticket: 'tr03head*', randstr: '@head' })
  })

  test('a token is read from what express.json() parsed', async () => {
    expect(await post([express.json()], { body: JSON.stringify(body), headers: json })).toEqual(body)
    expect(await post([express.json()], { body: '{"__proto__":{"ticket":"x"}}', headers: json })).toEqual({})
    expect(await post([express.json({ strict: false })], { body: '"ticket"', headers: json })).toEqual({})
  })

  test('a token is read from what express.urlencoded() parsed, plain and extended', async () => {
    const text = new URLSearchParams(body).toString()
    for (const extended of [false, true]) {
      const use = [express.urlencoded({ extended })]
      expect(await post(use, { body: text, headers: form })).toEqual(body)
      expect(kindOf(await post(use, { body: 'ticket=a&ticket=b&randstr=@a', headers: form }))).toBe('malformed')
    }
    const nested = await post([express.urlencoded({ extended: true })], {
      body: 'ticket[a]=b&randstr=@a',
      headers: form,
    })
    expect(kindOf(nested)).toBe('malformed')
  })

  test('no token is read from what express.raw() and express.text() parsed', async () => {
    const init = { body: JSON.stringify(body), headers: json }
    expect(await post([express.raw({ type: '*/*' })], init)).toEqual({})
    expect(await post([express.text({ type: '*/*' })], init)).toEqual({})
  })

  test('a token is read from the query where the reader is told to', async () => {
    const reader = fromQuery()
    expect(await post([], { path: '/?ticket=a&randstr=%40b', reader })).toEqual({ ticket: 'a', randstr: '@b' })
    expect(kindOf(await post([], { path: '/?ticket=a&ticket=b&randstr=@', reader }))).toBe('malformed')
    expect(await post([], { path: '/?__proto__[ticket]=a&randstr=@', reader })).toEqual({ randstr: '@' })
    expect(await post([], { path: '/', reader })).toEqual({})
  })
})
