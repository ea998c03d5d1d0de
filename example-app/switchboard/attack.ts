import type { AttackOutcome } from '../wire.js'

const atOnce = 20

export interface Attack {
  /** Of this app. */
  readonly origin: string
  readonly captchaAppId: number
  readonly count: number
}

/**
 * Does what an attacker would do in an outage, real or made up: makes up fallback tickets and tries each from another address at the
 * login. Fallback tickets are unsigned, so the forged ones look exactly like a visitor's own.
 */
export async function attackLogin({ origin, captchaAppId, count }: Attack): Promise<AttackOutcome> {
  const statuses: Record<number, number> = {}
  const seconds = Math.floor(Date.now() / 1000)
  for (let first = 0; first < count; first += atOnce) {
    const numbers = Array.from({ length: Math.min(atOnce, count - first) }, (_, index) => first + index)
    const tries = numbers.map((number) => {
      const ticket = `trerror_1001_${captchaAppId}_${seconds}_${number}${seconds.toString(36)}${process.hrtime.bigint()}`
      return tryLogin(origin, ticket, documentationAddress(number))
    })
    for (const status of await Promise.all(tries)) statuses[status] = (statuses[status] ?? 0) + 1
  }
  return { count, passed: statuses[200] ?? 0, statuses }
}

async function tryLogin(origin: string, ticket: string, address: string): Promise<number> {
  const response = await fetch(`${origin}/login`, {
    method: 'POST',
    // The app trusts a proxy on this machine, so it takes this address for the client's.
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify({ name: 'mallory', password: 'guess', ticket, randstr: '@forged' }),
  })
  await response.arrayBuffer()
  return response.status
}

/** Returns an address that is reserved for documentation, so that no real one appears in a log. */
function documentationAddress(number: number): string {
  const networks = ['192.0.2', '198.51.100', '203.0.113']
  return `${networks[number % networks.length]}.${1 + (Math.floor(number / networks.length) % 254)}`
}
