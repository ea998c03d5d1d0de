import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { build } from 'esbuild'
import { captchaAssets } from '../../lib/browser-assets/index.js'
import { type CaptchaGuardOptions, captchaGuard } from '../../lib/index.js'
import { type ScriptFault, type Simulator, startSimulator } from '../../lib/simulator/index.js'

export type SiteOptions = {
  fault?: ScriptFault | null
  /** Whose script the pages load. */
  captchaSite?: 'mainland' | 'international'
  /** Pages must send an encrypted app id. */
  enforceAidEncrypted?: boolean
  guard?: Partial<CaptchaGuardOptions>
}

export type Site = {
  origin: string
  simulator: Simulator
  /** HTML of every path but the kit's, and the headers that come with it. */
  page: { html: string; headers: Record<string, string> }
  /** Answers of `/answers`, in order, before it asks the guard. */
  answers: { status: number; code: string; retryAfter?: string }[]
  /** What the server decided, newest last. */
  decisions: { passed: boolean; degraded: boolean; reason: string; clientErrorCode?: number | undefined }[]
  /** The form posts that came, newest last. */
  posts: { url: string; contentType: string; fields: Record<string, string> }[]
  close(): Promise<void>
}

const plainPage = '<!doctype html><title>Site</title><script src="/captcha/captcha-guard.js"></script><body></body>'

/** A guarded site on node:http with a simulator of its own. Every POST goes through the guard. */
export async function openSite({
  fault = null,
  captchaSite = 'mainland',
  enforceAidEncrypted = false,
  guard: guardOptions,
}: SiteOptions = {}): Promise<Site> {
  const simulator = await startSimulator({ enforceAidEncrypted })
  simulator.setScriptFault(fault)
  const { captchaAppId, appSecretKey, credential } = simulator
  const guard = captchaGuard({
    captchaAppId,
    appSecretKey,
    credential,
    site: captchaSite,
    endpoint: simulator.url,
    userIp: () => '203.0.113.7',
    degradation: {
      fallback: { scriptUrl: captchaSite === 'mainland' ? simulator.scriptUrl : simulator.internationalScriptUrl },
      // One visitor tries every fault here.
      doubt: { perClient: { limit: 100 }, total: { floorPerMinute: 1000, startPerMinute: 1000 } },
    },
    logger: false,
    ...guardOptions,
  })
  const assets = captchaAssets(guard, enforceAidEncrypted ? { aidEncrypted: { appSecretKey } } : {})

  async function answer(req: IncomingMessage & { body?: unknown }, res: ServerResponse): Promise<void> {
    if (req.method === 'GET') return answerGet(req, res)
    const fields = await readForm(req)
    req.body = fields
    site.posts.push({ url: req.url ?? '', contentType: req.headers['content-type'] ?? '', fields })
    const prepared = req.url === '/answers' ? site.answers.shift() : undefined
    if (prepared) {
      const { status, code, retryAfter } = prepared
      const headers = { 'content-type': 'application/problem+json', ...(retryAfter && { 'retry-after': retryAfter }) }
      res.writeHead(status, headers).end(JSON.stringify({ type: 'about:blank', title: code, status, code }))
      return
    }
    guard(req as never, res, (error?: unknown) => {
      const { captcha } = req as unknown as { captcha: Site['decisions'][number] }
      res.writeHead(error ? 500 : 200, { 'content-type': 'text/html' })
      res.end('<!doctype html><title>Welcome</title><h1>Welcome</h1>')
      if (captcha) site.decisions.push(captcha)
    })
  }

  async function answerGet(req: IncomingMessage, res: ServerResponse): Promise<void> {
    if (req.url?.startsWith('/captcha/')) {
      req.url = req.url.slice('/captcha'.length)
      assets(req, res, () => res.writeHead(404).end())
    } else if (req.url === '/kit.js') {
      res.writeHead(200, { 'content-type': 'text/javascript' }).end(await bundledKit())
    } else if (req.url === '/favicon.ico') res.writeHead(204).end()
    else res.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...site.page.headers }).end(site.page.html)
  }

  const server = createServer((req, res) => void answer(req, res))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const site: Site = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    simulator,
    page: { html: plainPage, headers: {} },
    answers: [],
    decisions: [],
    posts: [],
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await guard.close()
      await simulator.close()
    },
  }
  return site
}

/** Reads urlencoded and multipart bodies; a file becomes its text. */
async function readForm(req: IncomingMessage): Promise<Record<string, string>> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const contentType = req.headers['content-type'] ?? ''
  if (!contentType.startsWith('multipart/')) return Object.fromEntries(new URLSearchParams(body.toString()))
  const form = await new Response(body, { headers: { 'content-type': contentType } }).formData()
  const entries = [...form].map(async ([name, value]) => [name, typeof value === 'string' ? value : await value.text()])
  return Object.fromEntries(await Promise.all(entries))
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
