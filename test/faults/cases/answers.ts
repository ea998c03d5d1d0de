import { gzipSync } from 'node:zlib'
import { answer, chunk, chunkedHead, verifiedBody } from '../../tencent/raw-server.js'
import { failsAtOnce, noEvidence, refused, unanswered, verified } from '../expectations.js'
import type { Expected, FaultCase, FaultSection, PlainClient, Text } from '../fault-case.js'
import type { Behaviour, Exchange } from '../faulty-server.js'
import type { Lab } from '../lab.js'

interface Extra {
  readonly plain?: PlainClient
  readonly also?: (lab: Lab) => void
}

const answered = (
  id: string,
  fault: Text,
  made: Text,
  respond: (exchange: Exchange) => unknown,
  expected: Expected,
  extra: Extra = {},
): FaultCase => served(id, fault, made, { respond }, expected, extra)

const served = (
  id: string,
  fault: Text,
  made: Text,
  behaviour: Behaviour,
  expected: Expected,
  extra: Extra = {},
): FaultCase => ({
  id,
  fault,
  made,
  make: async (lab) => ({ endpoint: (await lab.serve(behaviour)).url }),
  expected,
  ...extra,
})

const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
const lengthOf = (body: string | Buffer, more = 0) => `Content-Length: ${Buffer.byteLength(body) + more}\r\n\r\n`
const half = verifiedBody.slice(0, verifiedBody.length / 2)

/** Long enough for what was written before to have been read. */
const settleMs = 30

const afterwards = (run: () => void) => setTimeout(run, settleMs)

/** Writes again and again, as long as the other side is there. */
function repeat(exchange: Exchange, bytes: string, everyMs: number): void {
  setTimeout(async () => {
    if (await exchange.write(bytes)) repeat(exchange, bytes, everyMs)
  }, everyMs)
}

const megabyte = Buffer.alloc(1024 * 1024, ' ')
const bodyMegabytes = 100

async function sendMegabytes(exchange: Exchange, frame: (bytes: Buffer) => Buffer = (bytes) => bytes): Promise<void> {
  for (let sent = 0; sent < bodyMegabytes; sent++) {
    if (!(await exchange.write(frame(megabyte)))) return
  }
}

const chunkOf = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

/** What the kernel's buffers take in of a body that is not read. */
const bufferedMb = 20

/** Answers that were sent to the guard alone: before a plain client asks. */
function expectUnread(lab: Lab): void {
  const sentMb = Math.max(...lab.servers.map(({ bytesSent }) => bytesSent)) / 1024 / 1024
  if (sentMb > bufferedMb) throw new Error(`${sentMb} MB were read`)
}

const readsAll: Omit<PlainClient, 'text'> = {
  holds: (_, lab) => Math.max(...lab.servers.map(({ bytesSent }) => bytesSent)) >= bodyMegabytes * 1024 * 1024,
}

const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024, ' '), { level: 9 })

export const cutShort: FaultSection = {
  title: { en: 'Connections that end too early', zh: '连接过早结束' },
  intro: {
    en: 'The ticket may have been spent: nothing is sent twice on a new connection.',
    zh: '票据可能已被使用：在新连接上不会重复发送。',
  },
  cases: [
    served(
      'reset-after-head',
      { en: 'Reset after the request’s head', zh: '收到请求头后被重置' },
      { en: 'RST at the end of the head', zh: '读到请求头末尾时发送 RST' },
      { respondToHead: (exchange) => exchange.reset() },
      failsAtOnce('unreachable', 0),
    ),
    answered(
      'reset-after-body',
      { en: 'Reset after the whole request', zh: '收到完整请求后被重置' },
      { en: 'RST after the body', zh: '读完请求体后发送 RST' },
      (exchange) => exchange.reset(),
      failsAtOnce('unreachable'),
    ),
    answered(
      'fin-after-body',
      { en: 'The connection ends after the whole request', zh: '收到完整请求后连接结束' },
      { en: 'FIN after the body', zh: '读完请求体后发送 FIN' },
      (exchange) => exchange.end(),
      failsAtOnce('unreachable'),
    ),
    answered(
      'reset-in-head',
      { en: 'Reset in the answer’s head', zh: '应答头中途被重置' },
      { en: 'Half a head, then RST', zh: '发送一半应答头后 RST' },
      async (exchange) => {
        await exchange.write(head)
        afterwards(exchange.reset)
      },
      failsAtOnce('unreachable'),
    ),
    answered(
      'fin-in-head',
      { en: 'The connection ends in the answer’s head', zh: '应答头中途连接结束' },
      { en: 'Half a head, then FIN', zh: '发送一半应答头后 FIN' },
      (exchange) => exchange.end(head),
      failsAtOnce('unreachable'),
    ),
    answered(
      'reset-in-body',
      { en: 'Reset in the answer’s body', zh: '应答体中途被重置' },
      { en: 'Half a body, then RST', zh: '发送一半应答体后 RST' },
      async (exchange) => {
        await exchange.write(head + lengthOf(verifiedBody) + half)
        afterwards(exchange.reset)
      },
      failsAtOnce('unreachable'),
    ),
    answered(
      'fin-in-body',
      { en: '`Content-Length` too long, and the connection ends', zh: '`Content-Length` 过大，且连接结束' },
      { en: 'A whole reply, 5 bytes announced more', zh: '应答完整，但声明长度多 5 字节' },
      (exchange) => exchange.end(head + lengthOf(verifiedBody, 5) + verifiedBody),
      failsAtOnce('unreachable'),
    ),
    answered(
      'fin-in-chunk',
      { en: 'A chunked body is cut off', zh: '分块应答体被截断' },
      { en: 'A whole reply in one chunk, no last chunk', zh: '完整应答在一个分块中，缺少结束分块' },
      (exchange) => exchange.end(chunkedHead + chunk(verifiedBody)),
      failsAtOnce('unreachable'),
    ),
  ],
}

const endlessBody: PlainClient = {
  client: 'fetch',
  text: { en: '`fetch` waits as long as it drips (10 s here)', zh: '`fetch` 一直等到滴完（此处 10 秒）' },
  holds: ({ tookMs }) => tookMs > 9000,
}

export const slow: FaultSection = {
  title: { en: 'Slowness', zh: '缓慢' },
  cases: [
    answered(
      'slow-answer',
      { en: 'An answer after 1.2 s: slow, but no failure', zh: '1.2 秒后应答：缓慢但不是故障' },
      { en: 'The right answer, late', zh: '正确的应答，但迟到' },
      (exchange) => setTimeout(() => exchange.write(answer(verifiedBody)), 1200),
      verified({ time: 'before the deadline' }),
    ),
    answered(
      'no-answer',
      { en: 'No answer', zh: '没有应答' },
      { en: 'The request is read, nothing is sent', zh: '读取请求，但不发送任何内容' },
      () => {},
      unanswered(),
    ),
    answered(
      'hang-in-head',
      { en: 'Hang in the head', zh: '应答头中途挂起' },
      { en: 'Half a head, then nothing', zh: '发送一半应答头后停止' },
      (exchange) => exchange.write(head),
      unanswered(),
    ),
    answered(
      'hang-in-body',
      { en: '`Content-Length` too long, and the connection stays', zh: '`Content-Length` 过大，且连接保持' },
      { en: 'A whole reply, 5 bytes announced more', zh: '应答完整，但声明长度多 5 字节' },
      (exchange) => exchange.write(head + lengthOf(verifiedBody, 5) + verifiedBody),
      unanswered(),
    ),
    answered(
      'drip-head',
      { en: 'The head drips', zh: '应答头缓慢滴出' },
      { en: 'A byte of a header every 50 ms', zh: '每 50 毫秒发送头部的一个字节' },
      async (exchange) => {
        await exchange.write(`${head}X-Drip: `)
        repeat(exchange, 'x', 50)
      },
      unanswered(),
    ),
    answered(
      'drip-body',
      { en: 'The body drips', zh: '应答体缓慢滴出' },
      { en: 'A byte every 50 ms, for 10 s', zh: '每 50 毫秒一个字节，持续 10 秒' },
      async (exchange) => {
        await exchange.write(chunkedHead)
        repeat(exchange, chunk(' '), 50)
        setTimeout(() => exchange.end(`${chunk(verifiedBody)}0\r\n\r\n`), 10_000).unref()
      },
      unanswered(),
      { plain: endlessBody },
    ),
    answered(
      'interim-without-end',
      { en: 'Interim answers without end', zh: '无休止的中间应答' },
      { en: '`103 Early Hints` every 20 ms', zh: '每 20 毫秒一个 `103 Early Hints`' },
      (exchange) => repeat(exchange, 'HTTP/1.1 103 Early Hints\r\n\r\n', 20),
      unanswered(),
    ),
  ],
}

const redirect = (status: number, other: boolean): FaultCase => {
  const keepsBody = status === 307 || status === 308
  const toStranger = other ? { en: 'to another host', zh: '到其他主机' } : { en: 'to the same host', zh: '到同一主机' }
  return {
    id: `redirect-${status}${other ? '' : '-same-host'}`,
    fault: { en: `${status} ${toStranger.en}`, zh: `${status} 重定向${toStranger.zh}` },
    made: other
      ? {
          en: '`Location` is a host with a trusted certificate that passes every ticket, and records',
          zh: '`Location` 指向证书可信、放行所有票据并做记录的主机',
        }
      : { en: '`Location` is another path', zh: '`Location` 指向另一路径' },
    async make(lab) {
      const location = other ? lab.stranger.url : '/elsewhere'
      const { url } = await lab.serve({
        respond(exchange) {
          if (exchange.request.includes(' /elsewhere ')) return exchange.write(answer(verifiedBody))
          const headers = [`Location: ${location}`]
          return exchange.write(answer('', { status: `${status} Found`, headers }))
        },
      })
      return { endpoint: url }
    },
    expected: failsAtOnce('http_error'),
    ...(other && {
      plain: {
        text: keepsBody
          ? { en: 'the SDK sends ticket and `AppSecretKey` there', zh: 'SDK 把票据和 `AppSecretKey` 发往该主机' }
          : { en: 'the SDK asks there and believes the pass', zh: 'SDK 转而询问该主机，并相信其放行' },
        holds({ passed }, lab) {
          const sentSecret = lab.stranger.requests.some((request) => request.includes(lab.appSecretKey))
          return passed && lab.stranger.connections > 0 && sentSecret === keepsBody
        },
      } satisfies PlainClient,
    }),
  }
}

export const redirects: FaultSection = {
  title: { en: 'Redirects', zh: '重定向' },
  intro: {
    en: 'None is followed: the body holds the `AppSecretKey`.',
    zh: '一律不跟随：请求体中有 `AppSecretKey`。',
  },
  cases: [
    ...[301, 302, 303, 307, 308].map((status) => redirect(status, true)),
    ...[302, 307].map((status) => redirect(status, false)),
  ],
}

const status = (code: number, phrase: string, body = '<html>no</html>', headers = ['Content-Type: text/html']) =>
  answered(
    `status-${code}`,
    { en: `HTTP ${code}`, zh: `HTTP ${code}` },
    code === 204 || code === 304
      ? { en: 'No body', zh: '无应答体' }
      : body.startsWith('{')
        ? { en: 'With an API reply that says code 1', zh: '附带声称 code 1 的 API 应答' }
        : { en: 'With a page of HTML', zh: '附带 HTML 页面' },
    (exchange) =>
      exchange.write(
        code === 204 || code === 304
          ? `HTTP/1.1 ${code} ${phrase}\r\n\r\n`
          : answer(body, { status: `${code} ${phrase}`, headers }),
      ),
    failsAtOnce('http_error'),
  )

export const statuses: FaultSection = {
  title: { en: 'Statuses', zh: '状态码' },
  intro: {
    en: 'API 3.0 answers 200 to everything it understood; anything else did not come from it, whatever the body says.',
    zh: 'API 3.0 对其理解的一切请求均应答 200；其他状态码并非来自它，无论应答体如何。',
  },
  cases: [
    answered(
      'status-100-103',
      { en: 'Interim answers before the real one', zh: '真正应答之前的中间应答' },
      {
        en: '`100 Continue` unasked, `103 Early Hints`, then 200',
        zh: '未请求的 `100 Continue`、`103 Early Hints`，随后 200',
      },
      async (exchange) => {
        await exchange.write('HTTP/1.1 100 Continue\r\n\r\n')
        afterwards(() => exchange.write(`HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n${answer(verifiedBody)}`))
      },
      verified(),
    ),
    answered(
      'status-101',
      { en: 'HTTP 101: a change of protocol that was not asked for', zh: 'HTTP 101：未请求的协议切换' },
      { en: '`Upgrade: h2c`', zh: '`Upgrade: h2c`' },
      (exchange) => exchange.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n'),
      failsAtOnce('http_error'),
    ),
    status(201, 'Created', verifiedBody, ['Content-Type: application/json']),
    status(204, 'No Content'),
    status(206, 'Partial Content', verifiedBody, ['Content-Type: application/json']),
    status(304, 'Not Modified'),
    status(400, 'Bad Request'),
    status(401, 'Unauthorized'),
    status(403, 'Forbidden'),
    status(404, 'Not Found'),
    status(407, 'Proxy Authentication Required'),
    status(413, 'Payload Too Large'),
    status(429, 'Too Many Requests'),
    status(500, 'Internal Server Error', verifiedBody, ['Content-Type: application/json']),
    status(502, 'Bad Gateway'),
    status(503, 'Service Unavailable'),
    status(504, 'Gateway Timeout'),
    status(599, 'Unknown'),
  ],
}

const body = (id: string, fault: Text, made: Text, bytes: string | Buffer, expected: Expected, ...headers: string[]) =>
  answered(
    id,
    fault,
    made,
    (exchange) =>
      exchange.write(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\n${(headers.length > 0 ? headers : ['Content-Type: application/json']).map((line) => `${line}\r\n`).join('')}${lengthOf(bytes)}`,
          ),
          Buffer.from(bytes),
        ]),
      ),
    expected,
  )

export const bodies: FaultSection = {
  title: { en: 'Answers that are none', zh: '不成应答的应答' },
  cases: [
    answered(
      'body-100-mb',
      { en: 'A body of 100 MB', zh: '100 MB 的应答体' },
      { en: 'With its `Content-Length`', zh: '带 `Content-Length`' },
      async (exchange) => {
        await exchange.write(`${head}Content-Length: ${bodyMegabytes * megabyte.length}\r\n\r\n`)
        await sendMegabytes(exchange)
      },
      failsAtOnce('bad_response'),
      {
        also: expectUnread,
        plain: { text: { en: 'the SDK reads all of it', zh: 'SDK 读取全部内容' }, ...readsAll },
      },
    ),
    answered(
      'body-100-mb-chunked',
      { en: 'A chunked body of 100 MB', zh: '100 MB 的分块应答体' },
      { en: 'Its length is not announced', zh: '不声明长度' },
      async (exchange) => {
        await exchange.write(chunkedHead)
        await sendMegabytes(exchange, chunkOf)
        await exchange.write('0\r\n\r\n')
      },
      failsAtOnce('bad_response'),
      {
        also: expectUnread,
        plain: { text: { en: 'the SDK reads all of it', zh: 'SDK 读取全部内容' }, ...readsAll },
      },
    ),
    answered(
      'gzip-bomb',
      { en: 'A gzip bomb: 200 MB in 200 kB', zh: 'gzip 炸弹：200 kB 解压为 200 MB' },
      { en: '`Content-Encoding: gzip`, not asked for', zh: '未请求的 `Content-Encoding: gzip`' },
      (exchange) =>
        exchange.write(Buffer.concat([Buffer.from(`${head}Content-Encoding: gzip\r\n${lengthOf(bomb)}`), bomb])),
      failsAtOnce('bad_response'),
      {
        plain: {
          text: { en: 'the SDK unpacks it: over 200 MB of memory', zh: 'SDK 解压：占用内存超过 200 MB' },
          holds: ({ grownMb }) => grownMb > 200,
        },
      },
    ),
    body(
      'gzip-small',
      { en: 'A compressed reply that was not asked for', zh: '未请求压缩却返回压缩应答' },
      { en: 'Code 1, `Content-Encoding: gzip`', zh: 'code 1，`Content-Encoding: gzip`' },
      gzipSync(verifiedBody),
      failsAtOnce('bad_response'),
      'Content-Encoding: gzip',
    ),
    answered(
      'head-1-mb',
      { en: 'A head of 1 MB', zh: '1 MB 的应答头' },
      { en: 'One header of a million bytes', zh: '一个百万字节的头部' },
      (exchange) =>
        exchange.write(`${head}X-Long: ${'x'.repeat(1024 * 1024)}\r\n${lengthOf(verifiedBody)}${verifiedBody}`),
      failsAtOnce('bad_response'),
    ),
    answered(
      'length-too-short',
      { en: '`Content-Length` too short', zh: '`Content-Length` 过小' },
      { en: 'A reply of which 10 bytes are announced', zh: '应答只声明 10 字节' },
      (exchange) => exchange.write(`${head}Content-Length: 10\r\n\r\n${verifiedBody}`),
      failsAtOnce('bad_response'),
    ),
    answered(
      'two-lengths',
      { en: 'Two lengths that differ', zh: '两个不同的长度' },
      { en: 'Two `Content-Length` headers', zh: '两个 `Content-Length` 头部' },
      (exchange) => exchange.write(`${head}Content-Length: 10\r\n${lengthOf(verifiedBody)}${verifiedBody}`),
      failsAtOnce('bad_response'),
    ),
    answered(
      'length-and-chunks',
      { en: 'A length and chunks', zh: '同时声明长度和分块' },
      { en: '`Content-Length` beside `Transfer-Encoding`', zh: '`Content-Length` 与 `Transfer-Encoding` 并存' },
      (exchange) =>
        exchange.write(`${head}Transfer-Encoding: chunked\r\n${lengthOf(verifiedBody)}${chunk(verifiedBody)}0\r\n\r\n`),
      failsAtOnce('bad_response'),
    ),
    answered(
      'no-http',
      { en: 'No HTTP', zh: '不是 HTTP' },
      { en: 'A line of SSH', zh: '一行 SSH 标识' },
      (exchange) => exchange.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
      failsAtOnce('bad_response'),
    ),
    body(
      'empty',
      { en: 'Nothing', zh: '空应答' },
      { en: '200 with an empty body', zh: '200 且应答体为空' },
      '',
      failsAtOnce('bad_response'),
    ),
    body(
      'html',
      { en: 'A page of HTML', zh: 'HTML 页面' },
      { en: '200, as of a captive portal', zh: '200，如强制门户' },
      '<html>Sign in to the network</html>',
      failsAtOnce('bad_response'),
      'Content-Type: text/html',
    ),
    body(
      'truncated-json',
      { en: 'Truncated JSON', zh: '被截断的 JSON' },
      { en: 'The right length for half a reply', zh: '半个应答，长度正确' },
      half,
      failsAtOnce('bad_response'),
    ),
    body(
      'no-response',
      { en: 'JSON without a `Response`', zh: '没有 `Response` 的 JSON' },
      { en: '`{"CaptchaCode":1}`', zh: '`{"CaptchaCode":1}`' },
      '{"CaptchaCode":1}',
      failsAtOnce('bad_response'),
    ),
    body(
      'string-code',
      { en: '`CaptchaCode` is a string', zh: '`CaptchaCode` 是字符串' },
      { en: '`"CaptchaCode":"1"`', zh: '`"CaptchaCode":"1"`' },
      '{"Response":{"CaptchaCode":"1"}}',
      failsAtOnce('bad_response'),
    ),
    body(
      'event-stream',
      { en: 'An event stream', zh: '事件流' },
      { en: 'A reply as `text/event-stream`', zh: '以 `text/event-stream` 返回应答' },
      verifiedBody,
      failsAtOnce('bad_response'),
      'Content-Type: text/event-stream',
    ),
    body(
      'utf-16',
      { en: 'Wrong charset: UTF-16', zh: '错误的字符集：UTF-16' },
      { en: 'Says so in `Content-Type`', zh: '`Content-Type` 如实声明' },
      Buffer.from(verifiedBody, 'utf16le'),
      failsAtOnce('bad_response'),
      'Content-Type: application/json; charset=utf-16le',
    ),
    body(
      'byte-order-mark',
      { en: 'A byte order mark before the JSON', zh: 'JSON 前有字节顺序标记（BOM）' },
      { en: 'EF BB BF, and a reply of code 1', zh: 'EF BB BF，随后是 code 1 的应答' },
      `\ufeff${verifiedBody}`,
      failsAtOnce('bad_response'),
    ),
    body(
      'gbk',
      { en: 'Wrong charset: GBK in a message', zh: '错误的字符集：消息为 GBK' },
      { en: 'The bytes of 验证 in GBK; the reply is readable', zh: '“验证”的 GBK 字节；应答仍可读' },
      Buffer.from('{"Response":{"CaptchaCode":1,"CaptchaMsg":"\xd1\xe9\xd6\xa4"}}', 'latin1'),
      verified(),
      'Content-Type: application/json; charset=gbk',
    ),
    body(
      'wrong-content-type',
      { en: 'A good reply under a wrong `Content-Type`', zh: '`Content-Type` 错误的正常应答' },
      { en: '`text/html`', zh: '`text/html`' },
      verifiedBody,
      verified(),
      'Content-Type: text/html',
    ),
  ],
}

const api = (id: string, fault: Text, response: object, expected: Expected): FaultCase =>
  body(
    id,
    fault,
    { en: 'Answers so to everything', zh: '对一切请求均如此应答' },
    JSON.stringify({ Response: response }),
    expected,
  )

const apiError = (code: string, expected: Expected): FaultCase =>
  api(
    `error-${code}`,
    { en: `\`${code}\``, zh: `\`${code}\`` },
    { Error: { Code: code, Message: 'no' }, RequestId: 'r' },
    expected,
  )

export const apiErrors: FaultSection = {
  title: { en: 'What Tencent itself says', zh: '腾讯自身的应答' },
  intro: {
    en: 'Clock, keys and permissions are in the next section.',
    zh: '时钟、密钥与权限见下一节。',
  },
  cases: [
    apiError('InternalError', failsAtOnce('internal_error')),
    apiError('ServiceUnavailable', failsAtOnce('internal_error')),
    api(
      'code-26',
      { en: '`CaptchaCode` 26, system busy', zh: '`CaptchaCode` 26，系统繁忙' },
      { CaptchaCode: 26, CaptchaMsg: 'system busy', RequestId: 'r' },
      failsAtOnce('system_busy'),
    ),
    // A flood can cause it: no evidence, whoever sends it.
    apiError('RequestLimitExceeded', noEvidence('throttled')),
    apiError('InvalidParameter', refused('rejected')),
    api(
      'code-9',
      { en: '`CaptchaCode` 9 to a ticket that was sent once', zh: '只发送过一次的票据返回 `CaptchaCode` 9' },
      { CaptchaCode: 9, CaptchaMsg: 'ticket reused', RequestId: 'r' },
      refused('ticket_reused'),
    ),
  ],
}
