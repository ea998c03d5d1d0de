import { describe, expect, test } from '@jest/globals'
import { readCaptchaLine } from '../../../lib/cli/outage-report/captcha-line.js'
import { lineText, noonMs } from './lines.js'

const degraded = { event: 'captcha_degraded', passed: true }
const iso = new Date(noonMs).toISOString()

describe('a line of the guard', () => {
  test.each([
    ['as pino writes it', lineText(noonMs, degraded)],
    ['of pino-http, with the request before it', lineText(noonMs, { req: { id: 1, url: '/login' }, ...degraded })],
    ['below one key', JSON.stringify({ time: noonMs, pid: 1, hostname: 'web-1', payload: degraded })],
    ['with a time in ISO 8601', JSON.stringify({ time: iso, pid: 1, hostname: 'web-1', ...degraded })],
    ['with a time in seconds', JSON.stringify({ time: noonMs / 1000, pid: 1, hostname: 'web-1', ...degraded })],
    ['behind the prefix of a container', `web-1  | ${lineText(noonMs, degraded)}`],
    [
      "as text in Docker's log",
      JSON.stringify({ log: `${lineText(noonMs, degraded)}\n`, stream: 'stdout', time: iso }),
    ],
  ])('is read %s', (_how, text) => {
    expect(readCaptchaLine(text)).toMatchObject({
      event: 'captcha_degraded',
      atMs: noonMs,
      process: 'web-1/1',
      fields: { passed: true },
    })
  })

  test('is broken when it is no JSON or has no time', () => {
    expect(readCaptchaLine('{"event":"captcha_degraded",}')).toBe('broken')
    expect(readCaptchaLine('captcha_degraded')).toBe('broken')
    expect(readCaptchaLine(JSON.stringify(degraded))).toBe('broken')
    expect(readCaptchaLine(JSON.stringify({ time: 'soon', ...degraded }))).toBe('broken')
  })

  test.each([
    ['a query', { req: { query: degraded, url: '/?event=captcha_degraded' } }],
    ['the request itself', { req: degraded }],
    ['a body', { body: degraded }],
    ['text that an application logged', { log: lineText(noonMs, degraded) }],
    ['an object of the application', { user: { settings: degraded } }],
  ])('is not made up by a caller in %s', (_where, fields) => {
    expect(readCaptchaLine(JSON.stringify({ time: noonMs, ...fields }))).toBe('other')
  })
})
