import { rmSync, writeFileSync } from 'node:fs'
import { failsAtOnce, noEvidence, unanswered, verified } from '../expectations.js'
import type { FaultSection } from '../fault-case.js'
import { healthy } from '../lab.js'

export const connecting: FaultSection = {
  title: { en: 'Names and connections', zh: '域名解析与连接' },
  cases: [
    {
      id: 'name-not-found',
      fault: { en: 'DNS: the name does not exist (`ENOTFOUND`)', zh: 'DNS：域名不存在（`ENOTFOUND`）' },
      made: { en: '`getaddrinfo` answers `EAI_NONAME`', zh: '`getaddrinfo` 返回 `EAI_NONAME`' },
      needs: ['a C compiler'],
      make: async () => ({ endpoint: 'https://not-found.test:4433' }),
      expected: failsAtOnce('unreachable', 0),
    },
    {
      id: 'name-try-again',
      fault: { en: 'DNS: the resolver fails (`EAI_AGAIN`)', zh: 'DNS：解析器故障（`EAI_AGAIN`）' },
      made: { en: '`getaddrinfo` answers `EAI_AGAIN`', zh: '`getaddrinfo` 返回 `EAI_AGAIN`' },
      needs: ['a C compiler'],
      make: async () => ({ endpoint: 'https://try-again.test:4433' }),
      expected: failsAtOnce('unreachable', 0),
    },
    {
      id: 'name-hangs',
      fault: {
        en: 'DNS hangs before any address has answered. Callers can bring that about, so it is no evidence',
        zh: 'DNS 挂起，且尚无任何地址成功应答过。调用者可以造成这种情况，因此不算证据',
      },
      made: { en: '`getaddrinfo` does not return', zh: '`getaddrinfo` 不返回' },
      needs: ['a C compiler'],
      async make(lab) {
        const { port } = await lab.serve(healthy)
        writeFileSync(lab.hangFile, '')
        return { endpoint: `https://tencent.test:${port}`, heal: () => rmSync(lab.hangFile, { force: true }) }
      },
      expected: noEvidence('overloaded', {
        time: 'at the deadline',
        sent: 0,
        // The calls are unanswered, and canaries say nothing.
        circuit: { afterOne: 'suspect', afterTwenty: 'suspect' },
        next: { reason: 'budget_exhausted', time: 'at the deadline' },
      }),
    },
    {
      id: 'name-hangs-later',
      fault: { en: 'DNS hangs after an address has answered', zh: 'DNS 挂起，但已有地址成功应答过' },
      made: {
        en: 'As above, after a verified ticket; all connections end',
        zh: '同上，发生在一张票据验证通过之后；所有连接断开',
      },
      needs: ['a C compiler'],
      async make(lab) {
        const server = await lab.serve(healthy)
        return {
          endpoint: `https://tencent.test:${server.port}`,
          strike() {
            writeFileSync(lab.hangFile, '')
            server.endConnections()
          },
          heal: () => rmSync(lab.hangFile, { force: true }),
        }
      },
      expected: verified(),
    },
    {
      id: 'refused',
      fault: { en: 'Connection refused', zh: '连接被拒绝' },
      made: { en: 'A port on which nothing listens', zh: '无人监听的端口' },
      make: async (lab) => ({ endpoint: `https://localhost:${await lab.closedPort()}` }),
      expected: failsAtOnce('unreachable', 0),
    },
    {
      id: 'reset-once',
      fault: { en: 'One connection is reset', zh: '一个连接被重置' },
      made: { en: 'RST before the first byte, once', zh: '首字节之前发送 RST，仅一次' },
      async make(lab) {
        const server = await lab.serve({
          ...healthy,
          accept(raw) {
            if (server.connections > 1) return false
            raw.resetAndDestroy()
            return true
          },
        })
        return { endpoint: server.url }
      },
      // A reset is no proof that nothing arrived: it is not tried again, and the healthy canary calms the circuit down.
      expected: {
        ...failsAtOnce('unreachable', 0),
        circuit: { afterOne: 'closed', afterTwenty: 'closed' },
        next: { reason: 'verified', time: 'at once' },
      },
    },
    {
      id: 'black-hole',
      fault: { en: 'Black hole: every SYN is dropped', zh: '黑洞：所有 SYN 被丢弃' },
      made: { en: 'A listening socket whose queue is full', zh: '连接队列已满的监听套接字' },
      needs: ['Linux'],
      make: async (lab) => ({ endpoint: `https://127.0.0.1:${await lab.blackHole()}` }),
      expected: unanswered(0),
    },
    {
      id: 'reset-at-accept',
      fault: { en: 'Reset when the connection is accepted', zh: '连接建立即被重置' },
      made: { en: 'RST before the first byte', zh: '首字节之前发送 RST' },
      async make(lab) {
        const server = await lab.serve({
          accept(raw) {
            raw.resetAndDestroy()
            return true
          },
        })
        return { endpoint: server.url }
      },
      expected: failsAtOnce('unreachable', 0),
    },
    {
      id: 'silent-kept-connection',
      fault: {
        en: 'A firewall forgot a kept connection: what is sent on it vanishes',
        zh: '防火墙遗忘了保活连接：其上发送的数据全部消失',
      },
      made: {
        en: 'After a verified ticket nothing is answered on that connection; new ones work',
        zh: '一张票据验证通过后，该连接不再有任何应答；新连接正常',
      },
      async make(lab) {
        const server = await lab.serve(healthy)
        return {
          endpoint: server.url,
          strike() {
            const forgotten = server.connections
            server.behaviour = {
              respond: (exchange) => exchange.connection > forgotten && healthy.respond?.(exchange),
            }
          },
        }
      },
      // Lone, and beside a canary that is healthy: no evidence.
      expected: {
        verdict: { reason: 'timeout', cause: 'timeout', passed: true, evidence: 'none' },
        time: 'at the deadline',
        sent: 1,
        lines: ['captcha_degraded'],
        circuit: { afterOne: 'closed', afterTwenty: 'closed' },
        next: { reason: 'verified', time: 'at once' },
      },
    },
  ],
}
