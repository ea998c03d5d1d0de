// An application in CommonJS: CJS entry points, one request of each kind.
const { once } = require('node:events')
const express = require('express')
const { CaptchaConfigError, captchaGuard, requireCaptcha } = require('tencent-captcha-guard')
const { startSimulator } = require('tencent-captcha-guard/simulator')
const { captchaStatus } = require('tencent-captcha-guard/status')

/** What the status page answers: to a stranger, as HTML, and how many verified tickets its JSON counts. */
async function statusPage(url) {
  const asOperator = (accept) => fetch(url, { headers: { 'x-operator': 'ann', accept } })
  const stranger = await fetch(url)
  const page = await (await asOperator('text/html')).text()
  const { sites } = await (await asOperator('application/json')).json()
  const verified = sites[0].fleet.verdicts.verified.reduce((sum, count) => sum + count, 0)
  return { stranger: stranger.status, isPage: page.startsWith('<!doctype html>'), verified }
}

async function main() {
  const simulator = await startSimulator()
  const guard = captchaGuard({
    captchaAppId: simulator.captchaAppId,
    appSecretKey: simulator.appSecretKey,
    credential: simulator.credential,
    endpoint: simulator.url,
    degradation: { fallback: { scriptUrl: simulator.scriptUrl } },
    logger: false,
  })
  const app = express()
  app.use(express.json())
  app.post('/login/:name', guard, (req, res) => res.json({ name: req.params.name, reason: req.captcha.reason }))
  app.post('/pay', guard, requireCaptcha({ allowDegraded: false }), (_req, res) => res.json({ paid: true }))
  const status = captchaStatus(guard, { authorize: (req) => req.get('x-operator') === 'ann' })
  app.use('/ops/captcha', status)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const post = async (path, body) => {
    const url = `http://127.0.0.1:${server.address().port}${path}`
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
    return { status: response.status, ...(await response.json()) }
  }
  const fallback = {
    ticket: `trerror_1001_${simulator.captchaAppId}_${Math.floor(Date.now() / 1000)}`,
    randstr: '@abc',
  }
  const found = {
    login: await post('/login/ann', simulator.mintTicket()),
    nothing: await post('/login/ann', {}),
    degraded: await post('/pay', fallback),
    paid: await post('/pay', simulator.mintTicket()),
    error: new CaptchaConfigError('x', 'y') instanceof TypeError,
    snapshot: guard.snapshot().counters.verified,
    status: await statusPage(`http://127.0.0.1:${server.address().port}/ops/captcha`),
  }
  status.close()
  await guard.close()
  await simulator.close()
  server.close()
  server.closeAllConnections()
  console.log(JSON.stringify(found))
}

main()
