import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import express from 'express'
import request from 'supertest'
import { codeBlock } from '../browser/document-snippets.js'

test('The recipe of docs/content-security-policy.md reports only, and logs what a browser reports', async () => {
  const folder = await mkdtemp('node_modules/.cache-csp-')
  try {
    const file = join(process.cwd(), folder, 'recipe.mjs')
    const code = await codeBlock('content-security-policy.md', 'js')
    await writeFile(file, code.replace("'tencent-captcha-guard'", JSON.stringify(`${process.cwd()}/dist/esm/index.js`)))
    const { reportCspViolations } = (await import(file)) as { reportCspViolations(app: object, options: object): void }
    const app = express()
    const lines: unknown[] = []
    reportCspViolations(app, { site: 'international', log: (line: unknown) => lines.push(line) })
    app.get('/', (_req, res) => res.send('ok'))
    const server = app.listen(0)
    await once(server, 'listening')
    const { headers } = await request(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).get('/')
    expect(headers['content-security-policy']).toBeUndefined()
    const policy = headers['content-security-policy-report-only']
    expect(policy).toContain('https://ca.turing.captcha.qcloud.com')
    expect(policy).toContain('report-uri /csp-reports')
    const report = {
      'csp-report': { 'blocked-uri': 'https://new.example', 'effective-directive': 'connect-src', other: 'x' },
    }
    const answer = await request(app).post('/csp-reports').type('application/csp-report').send(JSON.stringify(report))
    expect(answer.status).toBe(204)
    expect((await request(app).post('/csp-reports').send('{}')).status).toBe(204)
    expect(lines).toEqual([
      { blocked: 'https://new.example', directive: 'connect-src' },
      { blocked: 'undefined', directive: 'undefined' },
    ])
    server.close()
  } finally {
    await rm(folder, { recursive: true })
  }
})
