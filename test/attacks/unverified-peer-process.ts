// A process whose environment turns the check of certificates off, and a peer on the way to Tencent that proves nothing. Bundled and
// forked by a test: Node reads the variable of its own process, which Jest hides.
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../../lib/clock.js'
import { type CaptchaVerdict, captchaGuard } from '../../lib/index.js'
import { fetchText } from '../../lib/tencent/credentials/fetch-text.js'
import { LookupQueue } from '../../lib/tencent/lookup-queue.js'
import { probeScript } from '../../lib/tencent/probe-script.js'
import { selfSigned } from '../tencent/self-signed.js'

/** What came of each connection to the peer. */
export interface PeerReport {
  /** The body of an answer to a plain request of Node's. */
  readonly plain: string
  readonly verdict: CaptchaVerdict
  readonly keys: string
  readonly script: string
  /** Bodies that the peer heard from the package. */
  readonly heard: string
}

async function meet(url: string, heard: () => string): Promise<PeerReport> {
  const guard = captchaGuard({
    captchaAppId: 190_000_042,
    appSecretKey: 'the secret',
    credential: { secretId: 'id', secretKey: 'key' },
    endpoint: url,
    logger: false,
    degradation: { fallback: { probe: false } },
  })
  const request = { source: 'it', url: new URL(url), signal: AbortSignal.timeout(5000), body: 'identity' }
  const { signal } = new AbortController()
  return {
    plain: await plainAnswer(url),
    verdict: await guard.check({ ticket: 'made up', randstr: '@abc', userIp: '203.0.113.7' }),
    keys: await fetchText(request).catch(({ message }: Error) => message),
    script: await probeScript(new URL(url), { clock: systemClock, lookups: new LookupQueue(), signal }),
    heard: heard(),
  }
}

async function plainAnswer(url: string): Promise<string> {
  const [response] = await once(https.get(url), 'response')
  return (await response.toArray()).join('')
}

process.once('message', async () => {
  let heard = ''
  const server = https.createServer(selfSigned, (req, res) => {
    req.on('data', (chunk) => {
      heard += chunk
    })
    req.on('end', () => res.end('{"Response":{"CaptchaCode":1}}'))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const report = await meet(`https://localhost:${port}`, () => heard)
  process.send?.(report, () => process.exit())
})
