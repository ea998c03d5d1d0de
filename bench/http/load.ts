import { createHash } from 'node:crypto'
import { Pool } from 'undici'

const connections = 16

export interface LoadOrder {
  readonly port: number
  readonly requests: number
  /** What the body of each answer must contain; absent while warming up. */
  readonly expected?: string
}

/** Sends what its parent orders over keep-alive connections, and tells it how many answers were not as expected. */
export function generateLoad(): void {
  const pools = new Map<number, Pool>()
  let sent = 0
  process.on('message', async ({ port, requests, expected = '' }: LoadOrder) => {
    const pool = pools.get(port) ?? new Pool(`http://127.0.0.1:${port}`, { connections })
    pools.set(port, pool)
    let left = requests
    let unexpected = 0
    const keepAsking = async () => {
      while (left-- > 0) {
        const { body } = await pool.request(loginRequest(ticketOf(sent), sent++))
        if (!(await body.text()).includes(expected)) unexpected++
      }
    }
    await Promise.all(Array.from({ length: connections }, keepAsking))
    process.send?.(unexpected)
  })
}

/** A ticket in the form of the vendor's, another one for each index. */
export function ticketOf(index: number): string {
  return `tr03${createHash('sha512').update(`${index}`).digest('base64url')}*`
}

/** A login from an address that is the client's alone. */
export function loginRequest(ticket: string, client: number) {
  const body = { name: 'user', password: 'secret', ticket, randstr: '@Pq1' }
  const address = `11.${(client >> 16) & 255}.${(client >> 8) & 255}.${client & 255}`
  return {
    method: 'POST',
    path: '/login',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify(body),
  } as const
}
