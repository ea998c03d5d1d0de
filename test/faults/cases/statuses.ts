import { answer, verifiedBody } from '../../tencent/raw-server.js'
import { failsAtOnce, verified } from '../expectations.js'
import type { FaultSection } from '../fault-case.js'
import { afterwards, answered } from './answered.js'

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

/** Statuses other than 200, and interim ones. */
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
