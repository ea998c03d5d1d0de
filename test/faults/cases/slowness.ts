import { answer, chunk, chunkedHead, verifiedBody } from '../../tencent/raw-server.js'
import { unanswered, verified } from '../expectations.js'
import type { FaultSection, PlainClient } from '../fault-case.js'
import type { Exchange } from '../faulty-server.js'
import { answered, head, lengthOf } from './answered.js'

/** Writes again and again, as long as the other side is there. */
function repeat(exchange: Exchange, bytes: string, everyMs: number): void {
  setTimeout(async () => {
    if (await exchange.write(bytes)) repeat(exchange, bytes, everyMs)
  }, everyMs)
}

const endlessBody: PlainClient = {
  client: 'fetch',
  text: { en: '`fetch` waits as long as it drips (10 s here)', zh: '`fetch` 一直等到滴完（此处 10 秒）' },
  holds: ({ tookMs }) => tookMs > 9000,
}

/** Answers that come late, in part, or never. */
export const slowness: FaultSection = {
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
