import { expect } from '@jest/globals'
import fc from 'fast-check'
import type { StoreSession } from '../../lib/index.js'
import { checkedSession } from '../../lib/store/checked-session.js'
import { redisStore } from '../../lib/store/redis/index.js'
import { claimOf, contextOf, overrideOf, verifiedOf } from '../store/conformance.js'
import { fuzz } from './fuzz-cases.js'
import { hostileText, hostileValue } from './hostile-values.js'

/** What a script answers: texts, some of them with the words of the answers; or what no script answers. */
const member = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    'granted',
    'over_limit',
    'replayed',
    'unknown_client',
    'recorded',
    'pass',
    'none',
    '0',
    '1',
    '-1',
    '1e999',
    '0x10',
    'passes,baseline',
  ),
  hostileText,
  hostileValue,
)
const reply = fc.oneof(
  { weight: 6, arbitrary: fc.array(member, { maxLength: 11 }) as fc.Arbitrary<unknown> },
  { weight: 1, arbitrary: hostileValue },
)
const operation = fc.constantFrom<(session: StoreSession) => Promise<unknown>>(
  (session) => session.claim(claimOf()),
  (session) => session.release(claimOf()),
  (session) => session.recordVerified(verifiedOf()),
  (session) => session.recordHistory('client'),
  (session) => session.readHistory('client'),
  (session) => session.heartbeat({ baselinePerMinute: 1, referencePerMinute: undefined }),
  (session) => session.setOverride(overrideOf()),
)

const cases = fc.record({ reply, operation, isThrown: fc.boolean() })

/** Numbers that may follow from an answer are finite and not negative; texts are texts. */
function expectSound(value: unknown): void {
  if (typeof value === 'number') expect([value >= 0, Number.isFinite(value)]).toEqual([true, true])
  if (typeof value === 'object' && value !== null) for (const member of Object.values(value)) expectSound(member)
}

fuzz(
  'Redis values',
  'whatever Redis or its client answers is read soundly or rejected',
  cases,
  async ({ reply, operation, isThrown }) => {
    const run = async () => {
      if (isThrown) throw reply
      return reply
    }
    const onCorruption = (key: string) => expect(typeof key).toBe('string')
    const store = redisStore({ evalSha: run, eval: run })
    const session = checkedSession(store.connect(contextOf({ onCorruption })))
    const answer = await operation(session).then(
      (value) => ({ value }),
      () => undefined,
    )
    if (answer !== undefined) expectSound(answer.value)
  },
)
