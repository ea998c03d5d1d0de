import { answer } from '../../tencent/raw-server.js'
import { failsAtOnce, unanswered } from '../expectations.js'
import type { Expected, FaultCase, FaultSection, Text } from '../fault-case.js'
import { healthy, type Lab } from '../lab.js'

/** Calls move to a healthy sibling: the first user draws on a purse, the next one is verified, and nothing opens. */
const moved = (expected: Expected): Expected => ({
  ...expected,
  circuit: { afterOne: 'closed', afterTwenty: 'closed' },
  next: { reason: 'verified', time: 'at once' },
})

const oneOfThree = (
  id: string,
  fault: Text,
  made: Text,
  first: (lab: Lab) => Promise<string>,
  expected: Expected,
): FaultCase => ({
  id,
  fault,
  made,
  async make(lab) {
    const others = [await lab.serve(healthy), await lab.serve(healthy)]
    return { endpoint: [await first(lab), ...others.map(({ url }) => url)] }
  },
  expected: moved(expected),
})

export const endpoints: FaultSection = {
  title: { en: 'Several endpoints', zh: '多个域名' },
  intro: {
    en: 'Three hosts, each with a port and a certificate. No user’s ticket is sent twice; the next user is verified at the sibling.',
    zh: '三个主机，各有端口和证书。任何用户的票据都不会发送两次；下一位用户在备用域名得到验证。',
  },
  cases: [
    oneOfThree(
      'first-refused',
      { en: 'The first of three is down', zh: '三个中的第一个不可用' },
      { en: 'Connection refused', zh: '连接被拒绝' },
      async (lab) => `https://localhost:${await lab.closedPort()}`,
      failsAtOnce('unreachable', 0),
    ),
    oneOfThree(
      'first-503',
      { en: 'The first of three answers 503', zh: '三个中的第一个返回 503' },
      { en: 'With a page of HTML', zh: '附带 HTML 页面' },
      async (lab) =>
        (await lab.serve({ respond: ({ write }) => write(answer('<html>', { status: '503 Unavailable' })) })).url,
      failsAtOnce('http_error'),
    ),
    oneOfThree(
      'first-hangs',
      { en: 'The first of three hangs', zh: '三个中的第一个挂起' },
      { en: 'The request is read, nothing is sent', zh: '读取请求，但不发送任何内容' },
      async (lab) => (await lab.serve({})).url,
      { ...unanswered(), lines: ['captcha_degraded', 'captcha_endpoint_moved'] },
    ),
    {
      id: 'all-refused',
      fault: { en: 'All three are down', zh: '三个全部不可用' },
      made: { en: 'Connection refused', zh: '连接被拒绝' },
      async make(lab) {
        const ports = [await lab.closedPort(), await lab.closedPort(), await lab.closedPort()]
        return { endpoint: ports.map((port) => `https://localhost:${port}`) }
      },
      expected: failsAtOnce('unreachable', 0),
    },
    {
      id: 'sibling-misses',
      fault: { en: 'The second of three is down, while the first works', zh: '三个中的第二个不可用，第一个正常' },
      made: { en: 'Connection refused; it is not asked', zh: '连接被拒绝；不会询问它' },
      async make(lab) {
        const [first, third] = [await lab.serve(healthy), await lab.serve(healthy)]
        return { endpoint: [first.url, `https://localhost:${await lab.closedPort()}`, third.url] }
      },
      expected: {
        verdict: { reason: 'verified', passed: true },
        time: 'at once',
        sent: 1,
        lines: [],
        circuit: { afterOne: 'closed', afterTwenty: 'closed' },
        next: { reason: 'verified', time: 'at once' },
      },
    },
  ],
}
