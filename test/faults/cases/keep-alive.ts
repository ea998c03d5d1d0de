import { answer, verifiedBody } from '../../tencent/raw-server.js'
import { refused, verified } from '../expectations.js'
import type { FaultCase, FaultSection, Text } from '../fault-case.js'
import type { Exchange } from '../faulty-server.js'
import { healthy } from '../lab.js'

const after: Text = {
  en: 'After a verified ticket; new connections work',
  zh: '一张票据验证通过之后；新连接正常',
}

/** What happens to the connection that served the first ticket, as the second one goes out. */
const race = (id: string, fault: Text, end: (exchange: Exchange) => unknown): FaultCase => ({
  id,
  fault,
  made: after,
  async make(lab) {
    const server = await lab.serve(healthy)
    return {
      endpoint: server.url,
      strike() {
        server.behaviour = {
          respond: (exchange) => (exchange.numberOnConnection > 1 ? end(exchange) : healthy.respond?.(exchange)),
        }
      },
    }
  },
  // The ticket arrived twice: on the connection that ended, and on a new one.
  expected: verified({ sent: 2 }),
})

const badTicket = '{"Response":{"CaptchaCode":15,"CaptchaMsg":"decrypt fail","RequestId":"r"}}'

export const keepAlive: FaultSection = {
  title: { en: 'Kept connections', zh: '保活连接' },
  cases: [
    race('race-fin', { en: 'FIN as the request goes out', zh: '请求发出时收到 FIN' }, (exchange) => exchange.end()),
    race('race-rst', { en: 'RST as the request goes out', zh: '请求发出时收到 RST' }, (exchange) => exchange.reset()),
    race('race-half-a-head', { en: 'FIN in the middle of the answer’s head', zh: '应答头中途收到 FIN' }, (exchange) =>
      exchange.end('HTTP/1.1 200 OK\r\nX-'),
    ),
    {
      id: 'idle-fin',
      fault: { en: 'The connection ended while it was idle', zh: '连接在空闲时结束' },
      made: after,
      async make(lab) {
        const server = await lab.serve(healthy)
        return { endpoint: server.url, strike: () => server.endConnections() }
      },
      expected: verified(),
    },
    {
      id: 'answer-for-the-next',
      fault: {
        en: 'Two answers to one request, the second of them a pass for the next user',
        zh: '一个请求得到两个应答，第二个是给下一位用户的放行',
      },
      made: {
        en: 'Both in one write; the next ticket is junk (code 15)',
        zh: '两个应答一次写出；下一张票据无效（code 15）',
      },
      async make(lab) {
        const { url } = await lab.serve({
          respond: ({ number, isCanary, write }) =>
            write(number === 1 && !isCanary ? answer(verifiedBody) + answer(verifiedBody) : answer(badTicket)),
        })
        return { endpoint: url, strike() {} }
      },
      expected: refused('ticket_invalid'),
    },
  ],
}
