import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { BundledProcess } from '../support/bundled-process.js'
import type { PeerReport } from './unverified-peer-process.js'

describe('where the environment turns the check of certificates off, a peer on the way to Tencent that proves nothing', () => {
  let bundled: BundledProcess
  let report: PeerReport

  beforeAll(async () => {
    bundled = await BundledProcess.bundle(join(import.meta.dirname, 'unverified-peer-process.ts'))
    const env = { ...process.env, NODE_TLS_REJECT_UNAUTHORIZED: '0', NODE_NO_WARNINGS: '1' }
    ;[report] = (await once(bundled.start({}, { env }), 'message')) as [PeerReport]
  }, 30_000)

  afterAll(() => bundled.close())

  test('answers every other request of the process', () => {
    expect(report.plain).toBe('{"Response":{"CaptchaCode":1}}')
  })

  test('verifies no ticket', () => {
    expect(report.verdict).toMatchObject({ degraded: true, cause: 'unreachable' })
  })

  test('gives no keys', () => {
    expect(report.keys).toBe('it is unreachable (DEPTH_ZERO_SELF_SIGNED_CERT)')
  })

  test('is no proof that the script is served', () => {
    expect(report.script).toBe('unreachable')
  })

  test('hears no secret', () => {
    expect(report.heard).toBe('')
  })
})
