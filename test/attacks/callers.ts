import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../lib/clock.js'

/** Posts a token as a client at `ip` that hangs up, after milliseconds or when told, and resolves when its socket is gone. */
export function postAndHangUp(
  url: string,
  token: object,
  ip: string,
  hangUp: number | Promise<unknown>,
  contentType = 'application/json',
): Promise<void> {
  const body =
    contentType === 'application/json' ? JSON.stringify(token) : new URLSearchParams(Object.entries(token)).toString()
  return new Promise((resolve) => {
    const headers = { 'content-type': contentType, 'x-forwarded-for': ip }
    const sent = request(url, { method: 'POST', headers, agent: false }, (response) => response.resume())
    const timer = typeof hangUp === 'number' ? setTimeout(() => sent.destroy(), hangUp) : undefined
    if (typeof hangUp !== 'number') void hangUp.then(() => sent.destroy())
    sent.on('error', () => {})
    sent.on('close', () => {
      clearTimeout(timer)
      resolve()
    })
    sent.end(body)
  })
}

/** Calls `act` at an even rate of a clock that the test turns, without waiting for it, and resolves when every call is over. */
export async function atRateOfClock(
  clock: Clock,
  perSecond: number,
  forMs: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const running: Promise<unknown>[] = []
  for (let index = 0; index < (forMs * perSecond) / 1000; index++) {
    running.push(act(index))
    await new Promise<void>((resolve) => clock.after(1000 / perSecond, resolve))
  }
  await Promise.all(running)
}

/** The schedule moves on by what a machine is later than this: calls that were due would otherwise go out at once. */
const toleratedLatenessMs = 100

/** Calls `act` at an even rate for `forMs`, without waiting for it, and resolves when every call is over. */
export async function atRate(
  perSecond: number,
  forMs: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  const running: Promise<unknown>[] = []
  let dueMs = performance.now()
  for (let index = 0; index < (forMs * perSecond) / 1000; index++) {
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    running.push(act(index))
    dueMs += 1000 / perSecond
    if (performance.now() - dueMs > toleratedLatenessMs) dueMs = performance.now()
  }
  await Promise.all(running)
}
