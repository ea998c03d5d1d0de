import { beforeEach, describe, expect, test } from '@jest/globals'
import { expressVersions, type LogLine, logBook, startFlow } from './support.js'

function hintsIn(lines: readonly LogLine[]): LogLine[] {
  return lines.filter(({ event }) => event === 'captcha_proxy_hint')
}

// What the process has said is noted on the global object, so that two copies of the package say it once.
const said = Symbol.for('tencent-captcha-guard.proxy-hints')

describe.each(expressVersions)('on %s', (_name, express) => {
  beforeEach(() => {
    Reflect.deleteProperty(globalThis, said)
  })

  test.each([
    ['X-Forwarded-For without trust proxy', false, '203.0.113.7', /"trust proxy" is unset/],
    ['trust proxy true', true, '203.0.113.7', /"trust proxy" is true/],
    ['a private address', 'loopback', '10.1.2.3', /private/],
    ['a carrier-grade NAT', 'loopback', '100.64.1.1', /private/],
  ])('%s causes one warning per process, with a link', async (_what, trustProxy, ip, words) => {
    const { logger, lines } = logBook()
    const flow = await startFlow({
      express,
      trustProxy,
      options: { logger },
      route: (guard, { watch, options, newGuard }) => [watch(guard), watch(newGuard(options))],
    })
    for (let n = 0; n < 3; n++) await flow.send(flow.mint(), { ip })
    expect(hintsIn(lines)).toHaveLength(1)
    const [hint] = hintsIn(lines)
    expect(hint).toMatchObject({ level: 40, msg: 'captcha_proxy_hint' })
    expect(hint?.advice).toMatch(words)
    expect(JSON.stringify(hint)).toMatch(/https:\/\//)
    expect(JSON.stringify(hint)).not.toContain(ip)
  })

  test('no warning is logged where all is well, nor on loopback beside the simulator', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({ express, options: { logger } })
    await flow.send(flow.mint())
    await flow.send(flow.mint(), { ip: '127.0.0.1' })
    expect(hintsIn(lines)).toEqual([])
  })

  test('a silent guard does not use up the warning', async () => {
    const { logger, lines } = logBook()
    const flow = await startFlow({
      express,
      trustProxy: true,
      route: (guard, { watch, options, newGuard }) => [watch(guard), watch(newGuard({ ...options, logger }))],
    })
    await flow.send(flow.mint())
    expect(hintsIn(lines)).toHaveLength(1)
  })
})
