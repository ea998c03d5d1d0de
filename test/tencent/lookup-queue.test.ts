import { expect, test } from '@jest/globals'
import { type Found, LookupQueue } from '../../lib/tencent/lookup-queue.js'

/** A resolver that a test answers by hand. */
class StubResolver {
  readonly asked: string[] = []
  readonly #answers: ((found: Found) => void)[] = []
  readonly queue = new LookupQueue((host, done) => {
    this.asked.push(host)
    this.#answers.push(done)
  })

  answer(found: Found): void {
    this.#answers.shift()?.(found)
  }
}

const found: Found = { kind: 'addresses', addresses: [{ address: '192.0.2.1', family: 4 }] }
const failed: Found = { kind: 'failed', code: 'ENOTFOUND' }

test('one lookup runs at a time, whatever the name, in the order in which they were asked for', () => {
  const t = new StubResolver()
  const results: unknown[] = []
  for (const host of ['a', 'b', 'c']) t.queue.ask(host, (result) => results.push([host, result.kind]))
  expect(t.asked).toEqual(['a'])
  t.answer(found)
  expect(t.asked).toEqual(['a', 'b'])
  t.answer(failed)
  t.answer(found)
  expect(t.asked).toEqual(['a', 'b', 'c'])
  expect(results).toEqual([
    ['a', 'addresses'],
    ['b', 'failed'],
    ['c', 'addresses'],
  ])
})

test('those who ask for one name meanwhile share its lookup', () => {
  const t = new StubResolver()
  const results: Found[] = []
  for (let i = 0; i < 100; i++) t.queue.ask('a', (result) => results.push(result))
  t.answer(found)
  expect([t.asked, results.length]).toEqual([['a'], 100])
  t.queue.ask('a', () => {})
  expect(t.asked).toEqual(['a', 'a'])
})

test('a name that hangs holds up the others of this queue, and no second lookup is begun', () => {
  const t = new StubResolver()
  for (let i = 0; i < 10; i++) t.queue.ask(`name ${i}`, () => {})
  expect(t.asked).toEqual(['name 0'])
})

test('the system’s resolver finds localhost, and says why it does not find a name', async () => {
  const queue = new LookupQueue()
  const ask = (host: string) => new Promise<Found>((resolve) => queue.ask(host, resolve))
  const here = await ask('localhost')
  expect(here.kind === 'addresses' && here.addresses.map(({ address }) => address)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  )
  expect(await ask('no-such-host.invalid')).toEqual({
    kind: 'failed',
    code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
  })
})
