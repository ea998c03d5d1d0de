import { chunk, chunkedHead, verifiedBody } from '../../tencent/raw-server.js'
import { failsAtOnce } from '../expectations.js'
import type { FaultSection } from '../fault-case.js'
import { afterwards, answered, head, lengthOf, served } from './answered.js'

const half = verifiedBody.slice(0, verifiedBody.length / 2)

/** Connections that end before the answer has. */
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
