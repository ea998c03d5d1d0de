import { setTimeout as sleep } from 'node:timers/promises'
import { keyNames } from '../../../lib/store/redis/key-names.js'
import type { RedisServer } from '../../store/redis/redis-server.js'
import { failsAtOnce, verified } from '../expectations.js'
import type { Expected, FaultCase, FaultSection, Text } from '../fault-case.js'
import { burstSize } from '../guarded-users.js'
import { healthy, type Lab } from '../lab.js'

const lost: Expected = verified({ lines: ['captcha_store_down'], store: 'down' })
const kept: Expected = verified({ store: 'up' })
const mended: Expected = verified({ lines: ['captcha_store_corrupted'], store: 'up' })

interface RedisFault {
  readonly id: string
  readonly fault: Text
  readonly made: Text
  readonly args?: readonly string[]
  /** Before the guard is made. */
  readonly prepare?: (server: RedisServer, lab: Lab) => unknown
  /** After a verified ticket. */
  readonly strike?: (server: RedisServer, lab: Lab) => unknown
  readonly expected: Expected
}

const redisCase = ({ id, fault, made, args = [], prepare, strike, expected }: RedisFault): FaultCase => ({
  id: `redis-${id}`,
  fault,
  made,
  needs: ['redis-server'],
  async make(lab) {
    const [server, { url }] = [await lab.redis(...args), await lab.serve(healthy)]
    await prepare?.(server, lab)
    return { endpoint: url, redis: { port: server.port }, ...(strike && { strike: () => strike(server, lab) }) }
  },
  expected,
})

async function waitUntil(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(10)
}

/** The keys of the users that come after the first one. */
function historyKeys({ captchaAppId }: Lab): string[] {
  const keys = keyNames('tcg:', captchaAppId)
  return Array.from({ length: burstSize }, (_, user) => keys.history(`198.51.100.${user + 1}`))
}

export const redis: FaultSection = {
  title: { en: 'Redis', zh: 'Redis' },
  intro: {
    en: 'A real server and node-redis; ioredis is held by the store’s own tests. Tencent is healthy: the store costs no verdict, and 200 ms at most, once.',
    zh: '真实的 Redis 与 node-redis；ioredis 由存储自身的测试覆盖。腾讯正常：存储故障不影响判定，最多耗时 200 毫秒，且仅一次。',
  },
  cases: [
    {
      id: 'redis-not-there',
      fault: { en: 'Not there at the start', zh: '启动时不存在' },
      made: { en: 'Connection refused', zh: '连接被拒绝' },
      make: async (lab) => ({ endpoint: (await lab.serve(healthy)).url, redis: { port: await lab.closedPort() } }),
      expected: lost,
    },
    {
      id: 'redis-and-tencent-down',
      fault: { en: 'Not there, and Tencent neither', zh: 'Redis 与腾讯均不可用' },
      made: {
        en: 'Both refuse connections; limits are this process’s own',
        zh: '两者都拒绝连接；限额由本进程自行计算',
      },
      make: async (lab) => ({
        endpoint: `https://localhost:${await lab.closedPort()}`,
        redis: { port: await lab.closedPort() },
      }),
      expected: {
        ...failsAtOnce('unreachable', 0),
        lines: ['captcha_degraded', 'captcha_store_down'],
        store: 'down',
      },
    },
    redisCase({
      id: 'dies',
      fault: { en: 'Dies', zh: '崩溃' },
      made: { en: 'SIGKILL after a verified ticket', zh: '一张票据验证通过之后 SIGKILL' },
      strike: (server) => server.kill(),
      expected: lost,
    }),
    redisCase({
      id: 'hangs',
      fault: { en: 'Hangs', zh: '挂起' },
      made: { en: 'SIGSTOP after a verified ticket', zh: '一张票据验证通过之后 SIGSTOP' },
      strike: (server) => server.freeze(),
      expected: lost,
    }),
    redisCase({
      id: 'hangs-from-the-start',
      fault: { en: 'Hangs from the start', zh: '从一开始就挂起' },
      made: { en: 'SIGSTOP before the guard is made', zh: '创建守卫之前 SIGSTOP' },
      prepare: (server) => server.freeze(),
      expected: lost,
    }),
    redisCase({
      id: 'loading',
      fault: { en: 'Loads its data (`LOADING`)', zh: '正在加载数据（`LOADING`）' },
      made: {
        en: '`DEBUG RELOAD` of 20 000 slow keys after a verified ticket',
        zh: '一张票据验证通过之后 `DEBUG RELOAD` 20 000 个慢速键',
      },
      args: ['--enable-debug-command', 'yes', '--loading-process-events-interval-bytes', '1024'],
      async strike(server) {
        await server.command('DEBUG POPULATE 20000')
        await server.command('CONFIG SET key-load-delay 1000')
        void server.command('DEBUG RELOAD').catch(() => {})
        await waitUntil(async () => (await server.command('PING')).startsWith('-LOADING'))
      },
      expected: lost,
    }),
    redisCase({
      id: 'busy',
      fault: { en: 'Runs a script that does not end (`BUSY`)', zh: '运行不结束的脚本（`BUSY`）' },
      made: {
        en: '`EVAL "while true do end"` after a verified ticket',
        zh: '一张票据验证通过之后 `EVAL "while true do end"`',
      },
      args: ['--busy-reply-threshold', '50'],
      async strike(server) {
        void server.command('EVAL "while true do end" 0').catch(() => {})
        await waitUntil(async () => (await server.command('PING')).startsWith('-BUSY'))
      },
      expected: lost,
    }),
    redisCase({
      id: 'readonly',
      fault: { en: 'Is a replica (`READONLY`)', zh: '是只读副本（`READONLY`）' },
      made: { en: '`REPLICAOF` after a verified ticket', zh: '一张票据验证通过之后 `REPLICAOF`' },
      strike: (server) => server.command('REPLICAOF 127.0.0.1 1'),
      expected: lost,
    }),
    redisCase({
      id: 'noauth',
      fault: { en: 'Wants a password (`NOAUTH`)', zh: '需要密码（`NOAUTH`）' },
      made: { en: '`requirepass`, and a client without one', zh: '设置 `requirepass`，客户端未提供密码' },
      args: ['--requirepass', 'password'],
      expected: lost,
    }),
    redisCase({
      id: 'oom',
      fault: { en: 'Is full (`OOM`)', zh: '内存已满（`OOM`）' },
      made: { en: '`maxmemory` 1 after a verified ticket', zh: '一张票据验证通过之后 `maxmemory` 1' },
      strike: (server) => server.command('CONFIG SET maxmemory 1'),
      expected: lost,
    }),
    redisCase({
      id: 'noscript',
      fault: { en: 'Has lost its scripts (`NOSCRIPT`)', zh: '脚本丢失（`NOSCRIPT`）' },
      made: { en: '`SCRIPT FLUSH` after a verified ticket', zh: '一张票据验证通过之后 `SCRIPT FLUSH`' },
      strike: (server) => server.command('SCRIPT FLUSH'),
      expected: kept,
    }),
    redisCase({
      id: 'flushed',
      fault: { en: 'Has lost its data', zh: '数据丢失' },
      made: { en: '`FLUSHALL` after a verified ticket', zh: '一张票据验证通过之后 `FLUSHALL`' },
      strike: (server) => server.command('FLUSHALL'),
      expected: kept,
    }),
    redisCase({
      id: 'wrong-type',
      fault: { en: 'Keys of a wrong type (`WRONGTYPE`)', zh: '键的类型错误（`WRONGTYPE`）' },
      made: { en: 'A list in the place of each user’s history', zh: '每个用户的历史记录都是列表' },
      async strike(server, lab) {
        for (const key of historyKeys(lab)) await server.command(`RPUSH ${key} x`)
      },
      expected: mended,
    }),
    redisCase({
      id: 'corrupted',
      fault: { en: 'Values that cannot be read', zh: '无法读取的值' },
      made: { en: 'Words in the place of each user’s numbers', zh: '每个用户的数字都被替换成文字' },
      async strike(server, lab) {
        for (const key of historyKeys(lab)) {
          await server.command(`HSET ${key} weight heavy at noon`)
          await server.command(`PEXPIRE ${key} 60000`)
        }
      },
      expected: mended,
    }),
  ],
}
