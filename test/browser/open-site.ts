import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { captchaAssets } from '../../lib/browser-assets/index.js'
import { captchaGuard } from '../../lib/index.js'
import { type ScriptFault, type Simulator, startSimulator } from '../../lib/simulator/index.js'

export type Site = {
  origin: string
  simulator: Simulator
  /** HTML of `/`, and the headers that come with it. */
  page: { html: string; headers: Record<string, string> }
  /** Answers of `/answers`, in order, before it asks the guard. */
  answers: { status: number; code: string; retryAfter?: string }[]
  /** What the server decided, newest last. */
  decisions: { passed: boolean; degraded: boolean; reason: string; clientErrorCode?: number | undefined }[]
  close(): Promise<void>
}

const plainPage = '<!doctype html><title>Site</title><script src="/captcha/captcha-guard.js"></script><body></body>'

/** A guarded site on node:http with a simulator of its own. Every POST goes through the guard. */
export async function openSite(fault: ScriptFault | null = null): Promise<Site> {
  const simulator = await startSimulator()
  simulator.setScriptFault(fault)
  const guard = captchaGuard({
    captchaAppId: simulator.captchaAppId,
    appSecretKey: simulator.appSecretKey,
    credential: simulator.credential,
    endpoint: simulator.url,
    userIp: () => '203.0.113.7',
    degradation: {
      fallback: { scriptUrl: simulator.scriptUrl },
      // One visitor tries every fault here.
      doubt: { perClient: { limit: 100 }, total: { floorPerMinute: 1000, startPerMinute: 1000 } },
    },
    logger: false,
  })
  const assets = captchaAssets(guard)

  async function answer(req: IncomingMessage & { body?: unknown }, res: ServerResponse): Promise<void> {
    if (req.method === 'GET') return answerGet(req, res)
    req.body = await readForm(req)
    const prepared = req.url === '/answers' ? site.answers.shift() : undefined
    if (prepared) {
      const { status, code, retryAfter } = prepared
      const headers = { 'content-type': 'application/problem+json', ...(retryAfter && { 'retry-after': retryAfter }) }
      res.writeHead(status, headers).end(JSON.stringify({ type: 'about:blank', title: code, status, code }))
      return
    }
    guard(req as never, res, (error?: unknown) => {
      const { captcha } = req as unknown as { captcha: Site['decisions'][number] }
      res.writeHead(error ? 500 : 200, { 'content-type': 'text/html' }).end('<!doctype html><h1>Welcome</h1>')
      if (captcha) site.decisions.push(captcha)
    })
  }

  async function answerGet(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url?.startsWith('/captcha/')) {
      req.url = req.url.slice('/captcha'.length)
      assets(req, res, () => res.writeHead(404).end())
    } else if (req.url === '/kit.js') {
      res.writeHead(200, { 'content-type': 'text/javascript' }).end(await bundledKit())
    } else if (req.url === '/') {
      res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...site.page.headers }).end(site.page.html)
    } else res.writeHead(204).end()
  }

  const server = createServer((req, res) => void answer(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const site: Site = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    simulator,
    page: { html: plainPage, headers: {} },
    answers: [],
    decisions: [],
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await guard.close()
      await simulator.close()
    },
  }
  return site
}

async function readForm(req: IncomingMessage): Promise<Record<string, string>> {
  let text = ''
  for await (const chunk of req) text += String(chunk)
  return Object.fromEntries(new URLSearchParams(text))
}

/** As the bundler of a page would take it in. */
async function bundledKit(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ['lib/browser/index.ts'],
    bundle: true,
    format: 'esm',
    write: false,
  })
  return outputFiles[0]?.text ?? ''
}
