import { setTimeout as wait } from 'node:timers/promises'
import { Pool } from 'undici'
import { loginRequest, ticketOf } from '../http/load.js'
import { mixedRequest } from './mixed-request.js'

export interface FixedRate {
  readonly port: number
  readonly perSecond: number
  readonly seconds: number
  /** Each request a login of a user of its own, or what a public route gets. */
  readonly requests: 'logins' | 'mixed'
}

export interface Answers {
  /** From sending to the end of the body, one figure for each request that was answered. */
  readonly milliseconds: number[]
  /** Requests by the reason of the verdict, the public code of the refusal, `hung up`, or `failed: …`. */
  readonly outcomes: Record<string, number>
}

/** Sends what its parent orders when it is due, answered or not, over as many connections as that takes, and closes them. */
export function sendAtFixedRate(): void {
  let sent = 0
  process.on('message', async ({ port, perSecond, seconds, requests }: FixedRate) => {
    const pool = new Pool(`http://127.0.0.1:${port}`)
    const answers: Answers = { milliseconds: [], outcomes: {} }
    const pending: Promise<void>[] = []
    const startMs = performance.now()
    for (let index = 0; index < perSecond * seconds; index++) {
      const earlyMs = startMs + (index * 1000) / perSecond - performance.now()
      if (earlyMs >= 1) await wait(earlyMs)
      pending.push(send(pool, requests, sent++, answers))
    }
    await Promise.all(pending)
    await pool.destroy()
    process.send?.(answers)
  })
}

async function send(pool: Pool, requests: FixedRate['requests'], index: number, answers: Answers): Promise<void> {
  const { hangsUp, ...request } =
    requests === 'mixed' ? mixedRequest(index) : { ...loginRequest(ticketOf(index), index), hangsUp: false }
  const outcome = await (hangsUp ? hangUp(pool, request) : answer(pool, request, answers))
  answers.outcomes[outcome] = (answers.outcomes[outcome] ?? 0) + 1
}

type LoginRequest = ReturnType<typeof loginRequest>

async function answer(pool: Pool, request: LoginRequest, { milliseconds }: Answers): Promise<string> {
  const sentMs = performance.now()
  try {
    const { body } = await pool.request(request)
    const { reason, code } = (await body.json()) as { reason?: string; code?: string }
    milliseconds.push(performance.now() - sentMs)
    return reason ?? `${code}`
  } catch (error) {
    return `failed: ${error}`
  }
}

/** Two milliseconds later, which a Tencent that hangs does not answer within. */
async function hangUp(pool: Pool, request: LoginRequest): Promise<string> {
  const hangingUp = new AbortController()
  const answered = pool.request({ ...request, signal: hangingUp.signal }).then(({ body }) => body.dump())
  await Promise.race([answered, wait(2)]).catch(() => {})
  hangingUp.abort()
  await answered.catch(() => {})
  return 'hung up'
}
