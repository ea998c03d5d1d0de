import { expect, it } from '@jest/globals'
import { startSimulator } from '../../lib/simulator/index.js'
import { createTicketBook, type MintedTicket } from '../../lib/simulator/ticket-book.js'
import { requestSigner } from '../../lib/tencent/signed-headers.js'
import { webBody } from './call-api.js'

const captchaAppId = 190_000_001
const minute = 60_000

it('A spent and an expired ticket answer 9 and 8 until they are forgotten ten minutes after minting, then 15', async () => {
  let nowMs = Date.now()
  const simulator = await startSimulator({ now: () => nowMs })
  const sign = requestSigner(new URL(simulator.url))
  async function codeOf(minted: MintedTicket): Promise<unknown> {
    const body = Buffer.from(JSON.stringify(webBody(simulator, minted)))
    const headers = pairs(sign('DescribeCaptchaResult', body, simulator.credential, nowMs))
    const reply = await fetch(simulator.url, { method: 'POST', headers, body })
    const { Response } = (await reply.json()) as { Response: { CaptchaCode?: number } }
    return Response.CaptchaCode
  }
  try {
    const spent = simulator.mintTicket()
    const old = simulator.mintTicket({ ageMs: 60 * minute })
    expect([await codeOf(spent), await codeOf(spent), await codeOf(old)]).toEqual([1, 9, 8])
    nowMs += 4 * minute
    expect(await codeOf(spent)).toBe(9)
    nowMs += 6 * minute - 1
    expect([await codeOf(spent), await codeOf(old)]).toEqual([8, 8])
    nowMs += 1
    expect([await codeOf(spent), await codeOf(old)]).toEqual([15, 15])
  } finally {
    await simulator.close()
  }
})

/** Names and values by turns, as pairs, without the host, which `fetch` sets. */
function pairs(flat: readonly string[]): [string, string][] {
  const all = flat.flatMap((name, index) => (index % 2 === 0 ? [[name, `${flat[index + 1]}`] as [string, string]] : []))
  return all.filter(([name]) => !/^(host|content-length)$/i.test(name))
}

it('A book holds the tickets of the last ten minutes only, however many were minted', () => {
  let nowMs = 0
  const book = createTicketBook(() => nowMs)
  for (; nowMs < 60 * minute; nowMs += 100) book.mint({ captchaAppId })
  expect(book.size).toBe((10 * minute) / 100)
})

it('A book holds 200 000 tickets at most and forgets the oldest first', () => {
  const book = createTicketBook(() => 0)
  const [first, second] = [book.mint({ captchaAppId }), book.mint({ captchaAppId })]
  for (let minted = 2; minted <= 200_000; minted++) book.mint({ captchaAppId })
  expect(book.size).toBe(200_000)
  expect(book.find(first.ticket)).toBeUndefined()
  expect(book.find(second.ticket)).toBeDefined()
})
