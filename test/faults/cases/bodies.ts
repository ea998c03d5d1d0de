import { gzipSync } from 'node:zlib'
import { chunk, chunkedHead, verifiedBody } from '../../tencent/raw-server.js'
import { failsAtOnce, verified } from '../expectations.js'
import type { FaultSection, PlainClient } from '../fault-case.js'
import type { Exchange } from '../faulty-server.js'
import type { Lab } from '../lab.js'
import { answered, head, lengthOf } from './answered.js'
import { answeredWithBody as body } from './answered-with-body.js'

const half = verifiedBody.slice(0, verifiedBody.length / 2)

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

/** Unpacks to 200 MB: one member of 10 MB, twenty times. */
const bomb = Buffer.concat(Array(20).fill(gzipSync(Buffer.alloc(10 * 1024 * 1024, ' '), { level: 9 })))

/** Answers of status 200 that are no API 3.0 reply, and some that are one after all. */
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
