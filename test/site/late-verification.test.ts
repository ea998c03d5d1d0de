import { describe, expect, test } from '@jest/globals'
import { degraded, type Outcome } from '../../lib/admission/outcome.js'
import { judgeLate, type LateTicket, LateVerification } from '../../lib/site/late-verification.js'
import { availabilityFailures, outcomes as replies } from '../admission/outcomes.js'
import { collectGarbage } from '../support/collect-garbage.js'
import { ManualClock } from '../support/manual-clock.js'

const timeout = degraded('timeout')

interface NamedTicket extends LateTicket {
  readonly ticket: string
}

interface Told {
  readonly ticket: string
  readonly outcome: string
  readonly atMs: number
}

/** Late verification on a manual clock, with Tencent on its other side. */
class Site {
  readonly clock = new ManualClock()
  readonly late: LateVerification<NamedTicket>
  isBack = true
  isOn = true
  hasRoom = true
  callsTakeMs = 10
  /** What Tencent answers; the same to every ticket, or to each its own. */
  answer: Outcome | ((ticket: string) => Outcome) = replies['code 1']
  readonly calls: { readonly ticket: string; readonly atMs: number }[] = []
  readonly told: Told[] = []
  drained = 0

  constructor() {
    this.late = new LateVerification<NamedTicket>({
      clock: this.clock,
      isBack: () => this.isBack,
      isOn: () => this.isOn,
      verify: ({ ticket }, done) => this.#verify(ticket, done),
      onVerdict: ({ ticket }, { outcome }) => this.told.push({ ticket, outcome, atMs: this.clock.nowMs() }),
      onDrained: () => {
        this.drained++
      },
    })
  }

  /** Keeps tickets that pass now. */
  pass(...tickets: readonly string[]): (() => void)[] {
    return tickets.map((ticket) => this.late.add({ ticket, passedMs: this.clock.nowMs(), mayBeSpent: false }))
  }

  comeBack(): void {
    this.isBack = true
    this.late.resume()
  }

  get ticketsAsked(): readonly string[] {
    return this.calls.map(({ ticket }) => ticket)
  }

  get askedAtMs(): readonly number[] {
    return this.calls.map(({ atMs }) => atMs)
  }

  get ticketsTold(): readonly string[] {
    return this.told.map(({ ticket }) => ticket)
  }

  #verify(ticket: string, done: (reply: Outcome) => void): boolean {
    if (!this.hasRoom) return false
    this.calls.push({ ticket, atMs: this.clock.nowMs() })
    this.clock.after(this.callsTakeMs, () => {
      done(typeof this.answer === 'function' ? this.answer(ticket) : this.answer)
    })
    return true
  }
}

const numbered = (count: number) => Array.from({ length: count }, (_, number) => `ticket ${number}`)

describe('late verification', () => {
  test('waits until Tencent is back, without a timer', async () => {
    const site = new Site()
    site.isBack = false
    site.pass('a', 'b')
    await site.clock.advance(60_000)
    expect(site.calls).toEqual([])
    expect(site.clock.pendingTimers).toBe(0)
    expect(site.late.snapshot()).toEqual({ waiting: 2, genuine: 0, refused: 0, inconclusive: 0 })
    site.comeBack()
    await site.clock.advance(1000)
    expect(site.ticketsTold).toEqual(['a', 'b'])
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 2, refused: 0, inconclusive: 0 })
  })

  test('starts by itself where Tencent was never away: a lone failure', async () => {
    const site = new Site()
    site.pass('a')
    await site.clock.advance(1000)
    expect(site.ticketsTold).toEqual(['a'])
    expect(site.clock.pendingTimers).toBe(0)
  })

  test('asks for one ticket every 50 ms, oldest first', async () => {
    const site = new Site()
    site.isBack = false
    site.pass('oldest')
    await site.clock.advance(1000)
    site.pass('older', 'young')
    site.comeBack()
    await site.clock.advance(1000)
    expect(site.calls).toEqual([
      { ticket: 'oldest', atMs: 1050 },
      { ticket: 'older', atMs: 1100 },
      { ticket: 'young', atMs: 1150 },
    ])
  })

  test('keeps its pace however often it is resumed, and whatever is added', async () => {
    const site = new Site()
    site.pass(...numbered(100))
    for (let time = 0; time < 100; time++) {
      site.comeBack()
      await site.clock.advance(10)
    }
    expect(site.calls).toHaveLength(20)
  })

  test('does not wait for one answer before it asks for the next ticket', async () => {
    const site = new Site()
    site.callsTakeMs = 1900
    site.pass(...numbered(10))
    await site.clock.advance(500)
    expect(site.calls).toHaveLength(10)
    expect(site.told).toEqual([])
    await site.clock.advance(1900)
    expect(site.told).toHaveLength(10)
  })

  test('verifies a ticket once and reports it once', async () => {
    const site = new Site()
    site.pass(...numbered(50))
    await site.clock.advance(600_000)
    expect(site.ticketsAsked).toEqual(numbered(50))
    expect(site.ticketsTold).toEqual(numbered(50))
  })
})

describe('a ticket', () => {
  test('is verified until it is five minutes old', async () => {
    const site = new Site()
    site.isBack = false
    site.pass('a')
    await site.clock.advance(300_000 - 51)
    site.comeBack()
    await site.clock.advance(1000)
    expect(site.ticketsAsked).toEqual(['a'])
  })

  test('is dropped after that, neither verified nor reported', async () => {
    const site = new Site()
    site.isBack = false
    site.pass('old', 'old too')
    await site.clock.advance(60_000)
    site.pass('young')
    await site.clock.advance(240_000 - 50)
    site.comeBack()
    await site.clock.advance(1000)
    expect(site.ticketsAsked).toEqual(['young'])
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 1, refused: 0, inconclusive: 0 })
  })

  test('makes room for younger ones when five thousand wait', async () => {
    const site = new Site()
    site.isBack = false
    site.pass(...numbered(5002))
    expect(site.late.snapshot().waiting).toBe(5000)
    site.comeBack()
    await site.clock.advance(50)
    expect(site.ticketsAsked).toEqual(['ticket 2'])
  })

  test('that is called off is dropped, and the others are not', async () => {
    const site = new Site()
    const [, callOff] = site.pass('a', 'b', 'c')
    callOff?.()
    await site.clock.advance(1000)
    expect(site.ticketsAsked).toEqual(['a', 'c'])
  })

  test('that is called off while Tencent is asked is neither reported nor verified again', async () => {
    for (const answer of [replies['code 1'], timeout]) {
      const site = new Site()
      site.answer = answer
      site.callsTakeMs = 100
      const [callOff] = site.pass('a')
      await site.clock.advance(60)
      callOff?.()
      await site.clock.advance(60_000)
      expect(site.ticketsAsked).toEqual(['a'])
      expect(site.told).toEqual([])
      expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 0, refused: 0, inconclusive: 0 })
    }
  })

  test('that is called off after its verdict changes nothing', async () => {
    const site = new Site()
    const [callOff] = site.pass('a')
    await site.clock.advance(1000)
    callOff?.()
    expect(site.late.snapshot()).toMatchObject({ waiting: 0, genuine: 1 })
  })

  test('waits behind live traffic, and is asked about once there is room', async () => {
    const site = new Site()
    site.hasRoom = false
    site.pass('a', 'b')
    await site.clock.advance(60_000)
    expect(site.calls).toEqual([])
    expect(site.late.snapshot().waiting).toBe(2)
    site.hasRoom = true
    await site.clock.advance(100)
    expect(site.ticketsAsked).toEqual(['a', 'b'])
  })

  test('expires behind live traffic as well', async () => {
    const site = new Site()
    site.hasRoom = false
    site.pass('a')
    await site.clock.advance(300_000)
    expect(site.late.snapshot().waiting).toBe(0)
    expect(site.clock.pendingTimers).toBe(0)
  })
})

describe('the late verdict', () => {
  test.each<[keyof typeof replies, object]>([
    ['code 1', { outcome: 'genuine', captchaCode: 1 }],
    ['code 8', { outcome: 'refused', reason: 'ticket_expired', captchaCode: 8 }],
    ['code 9', { outcome: 'refused', reason: 'ticket_reused', captchaCode: 9 }],
    ['code 15', { outcome: 'refused', reason: 'ticket_invalid', captchaCode: 15 }],
    ['code 21', { outcome: 'refused', reason: 'risk_rejected', captchaCode: 21 }],
    ['code 1, EvilLevel 100', { outcome: 'refused', reason: 'risk_rejected', captchaCode: 1 }],
    ['InvalidParameter', { outcome: 'refused', reason: 'rejected' }],
  ])('on %s is %j', (reply, expected) => {
    expect(judgeLate(replies[reply], false)).toStrictEqual(expected)
  })

  test('on code 9 is inconclusive after a call of ours that was never answered: it may have spent the ticket', () => {
    expect(judgeLate(replies['code 9'], true)).toEqual({ outcome: 'inconclusive', captchaCode: 9 })
  })

  test.each([
    ['code 1', 'genuine'],
    ['code 8', 'refused'],
    ['code 15', 'refused'],
  ] as const)('on %s is %s after such a call all the same', (reply, outcome) => {
    expect(judgeLate(replies[reply], true)).toMatchObject({ outcome })
  })

  test.each([
    'RequestLimitExceeded',
    'AuthFailure.SecretIdNotFound',
    'no credential',
    'a call given up',
    'a bug',
  ] as const)('does not come with %s', (reply) => {
    expect(judgeLate(replies[reply], false)).toBeUndefined()
    expect(judgeLate(replies[reply], true)).toBeUndefined()
  })

  test.each(availabilityFailures.map(({ cause, outcome }) => [cause, outcome] as const))(
    'does not come with %s',
    (_, reply) => {
      expect(judgeLate(reply, false)).toBeUndefined()
    },
  )

  test('is counted by outcome', async () => {
    const site = new Site()
    const answers: Record<string, Outcome> = { a: replies['code 1'], b: replies['code 8'], c: replies['code 15'] }
    site.answer = (ticket) => answers[ticket] ?? replies['code 9']
    site.pass('a', 'b', 'c')
    site.late.add({ ticket: 'd', passedMs: 0, mayBeSpent: true })
    await site.clock.advance(1000)
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 1, refused: 2, inconclusive: 1 })
  })
})

describe('without a verdict', () => {
  test('everything waits, twice as long each time, up to half a minute', async () => {
    const site = new Site()
    site.answer = replies.RequestLimitExceeded
    site.pass(...numbered(20))
    await site.clock.advance(120_000)
    const gapsMs = site.askedAtMs.slice(1).map((atMs, call) => atMs - (site.askedAtMs[call] ?? 0) - site.callsTakeMs)
    expect(gapsMs.slice(0, 7)).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  test('as many calls as there are under way make one pause, not one each', async () => {
    const site = new Site()
    site.answer = timeout
    site.callsTakeMs = 500
    site.pass(...numbered(10))
    await site.clock.advance(1100)
    expect(site.calls).toHaveLength(10)
    site.answer = replies['code 1']
    await site.clock.advance(449)
    expect(site.calls).toHaveLength(10)
    await site.clock.advance(1)
    expect(site.calls.length).toBeGreaterThan(10)
    await site.clock.advance(2000)
    expect(site.late.snapshot()).toMatchObject({ waiting: 0, genuine: 10 })
  })

  test('a call that ends as the pause ends makes it longer', async () => {
    const site = new Site()
    site.answer = timeout
    site.callsTakeMs = 60
    site.pass('a', 'b')
    await site.clock.advance(60)
    site.callsTakeMs = 1010
    await site.clock.advance(3050)
    expect(site.askedAtMs).toEqual([50, 100, 3110])
  })

  test('nothing is verified in a pause, whatever is added and however often it is resumed', async () => {
    const site = new Site()
    site.answer = replies.RequestLimitExceeded
    site.pass('a')
    await site.clock.advance(60)
    for (let time = 0; time < 90; time++) {
      site.pass(`b ${time}`)
      site.comeBack()
      await site.clock.advance(10)
    }
    expect(site.ticketsAsked).toEqual(['a'])
  })

  test('a pause starts small again after a verdict', async () => {
    const site = new Site()
    site.answer = replies.RequestLimitExceeded
    site.pass('a')
    await site.clock.advance(20_000)
    site.answer = replies['code 1']
    await site.clock.advance(20_000)
    expect(site.ticketsTold).toEqual(['a'])
    site.answer = replies.RequestLimitExceeded
    const before = site.calls.length
    site.pass('b')
    await site.clock.advance(50 + 10 + 1000)
    expect(site.calls).toHaveLength(before + 2)
  })

  test('a ticket waits on and gets its verdict later', async () => {
    const site = new Site()
    site.answer = timeout
    site.pass('a')
    await site.clock.advance(100)
    expect(site.late.snapshot()).toEqual({ waiting: 1, genuine: 0, refused: 0, inconclusive: 0 })
    site.answer = replies['code 1']
    await site.clock.advance(10_000)
    expect(site.told).toMatchObject([{ ticket: 'a', outcome: 'genuine' }])
  })

  test('the others come first when it is tried again', async () => {
    const site = new Site()
    site.answer = (ticket) => (ticket === 'poison' ? timeout : replies['code 1'])
    site.pass('poison', 'a', 'b')
    await site.clock.advance(60_000)
    expect(site.ticketsAsked).toEqual(['poison', 'a', 'b', 'poison', 'poison'])
  })
})

describe('a ticket that Tencent fails on every time', () => {
  test.each([
    ...availabilityFailures.map(({ cause, outcome }) => [cause, outcome] as const),
    ['a bug', replies['a bug']] as const,
  ])('with %s is given up as inconclusive after three tries', async (_, reply) => {
    const site = new Site()
    site.answer = reply
    site.pass('poison')
    await site.clock.advance(290_000)
    expect(site.ticketsAsked).toEqual(['poison', 'poison', 'poison'])
    expect(site.told).toMatchObject([{ ticket: 'poison', outcome: 'inconclusive' }])
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 0, refused: 0, inconclusive: 1 })
  })

  test('keeps the others waiting for no longer than its pauses', async () => {
    const site = new Site()
    site.answer = (ticket) => (ticket === 'poison' ? timeout : replies['code 1'])
    site.pass('poison', ...numbered(20))
    await site.clock.advance(10_000)
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 20, refused: 0, inconclusive: 1 })
  })

  test.each(['RequestLimitExceeded', 'AuthFailure.SecretIdNotFound', 'no credential', 'a call given up'] as const)(
    'is not given up because of %s, which the ticket cannot cause: it waits until it expires',
    async (reply) => {
      const site = new Site()
      site.answer = replies[reply]
      site.pass('a')
      await site.clock.advance(270_000)
      expect(site.calls.length).toBeGreaterThan(3)
      expect(site.told).toEqual([])
      site.answer = replies['code 1']
      await site.clock.advance(30_000)
      expect(site.told).toMatchObject([{ ticket: 'a', outcome: 'genuine' }])
    },
  )
})

describe('a ticket whose late call was never answered', () => {
  test.each(['timeout', 'unreachable', 'http_error', 'bad_response'] as const)(
    'because of %s may have been spent by that: code 9 is inconclusive then',
    async (cause) => {
      const site = new Site()
      site.answer = degraded(cause)
      site.pass('a')
      await site.clock.advance(100)
      site.answer = replies['code 9']
      await site.clock.advance(10_000)
      expect(site.told).toMatchObject([{ ticket: 'a', outcome: 'inconclusive' }])
    },
  )

  test.each<[string, Outcome]>([
    ['InternalError', degraded('internal_error')],
    ['code 26', degraded('system_busy')],
    ['RequestLimitExceeded', replies.RequestLimitExceeded],
  ])('is none that was answered with %s: code 9 refuses it', async (_, reply) => {
    const site = new Site()
    site.answer = reply
    site.pass('a')
    await site.clock.advance(100)
    site.answer = replies['code 9']
    await site.clock.advance(10_000)
    expect(site.told).toMatchObject([{ ticket: 'a', outcome: 'refused' }])
  })
})

describe('an interruption', () => {
  test('stops it, and it goes on where it was when Tencent is back', async () => {
    const site = new Site()
    site.pass(...numbered(10))
    await site.clock.advance(150)
    site.isBack = false
    await site.clock.advance(60_000)
    expect(site.calls).toHaveLength(3)
    expect(site.clock.pendingTimers).toBe(0)
    site.comeBack()
    await site.clock.advance(10_000)
    expect(site.ticketsTold).toEqual(numbered(10))
  })

  test('keeps the ticket that was asked about when it came', async () => {
    const site = new Site()
    site.answer = timeout
    site.pass('a')
    await site.clock.advance(55)
    site.isBack = false
    await site.clock.advance(60_000)
    expect(site.late.snapshot().waiting).toBe(1)
    site.answer = replies['code 1']
    site.comeBack()
    await site.clock.advance(1000)
    expect(site.ticketsTold).toEqual(['a'])
  })
})

describe('the end of all waiting', () => {
  test('is reported after the last verdict, not before', async () => {
    const site = new Site()
    site.callsTakeMs = 1000
    site.pass('a', 'b')
    await site.clock.advance(1099)
    expect(site.late.snapshot().waiting).toBe(1)
    expect(site.drained).toBe(0)
    await site.clock.advance(1)
    expect(site.late.snapshot().waiting).toBe(0)
    expect(site.drained).toBe(1)
  })

  test('is not reported while as many tickets wait as are being verified', async () => {
    const site = new Site()
    site.callsTakeMs = 70
    site.pass('a', 'b', 'c')
    await site.clock.advance(149)
    expect(site.ticketsTold).toEqual(['a'])
    expect(site.drained).toBe(0)
  })

  test('is reported when the last ticket was called off or has expired', async () => {
    const site = new Site()
    const [callOff] = site.pass('a')
    callOff?.()
    await site.clock.advance(50)
    expect(site.drained).toBe(1)
    site.isBack = false
    site.pass('b')
    await site.clock.advance(300_000)
    site.comeBack()
    await site.clock.advance(50)
    expect(site.drained).toBe(2)
  })

  test('is not reported while one ticket is being verified and the rest is called off', async () => {
    const site = new Site()
    site.callsTakeMs = 1000
    const [, callOff] = site.pass('a', 'b')
    await site.clock.advance(60)
    callOff?.()
    await site.clock.advance(900)
    expect(site.drained).toBe(0)
    await site.clock.advance(100)
    expect(site.ticketsTold).toEqual(['a'])
    expect(site.drained).toBe(1)
  })

  test('is not reported while a ticket waits for its next try', async () => {
    const site = new Site()
    site.answer = timeout
    site.pass('a')
    await site.clock.advance(1000)
    expect(site.drained).toBe(0)
  })
})

describe('late verification that is switched off', () => {
  test('keeps no ticket, and goes on with those that it has', async () => {
    const site = new Site()
    site.pass('a')
    site.isOn = false
    const [callOff] = site.pass('b')
    callOff?.()
    await site.clock.advance(60_000)
    expect(site.ticketsAsked).toEqual(['a'])
    expect(site.late.snapshot()).toEqual({ waiting: 0, genuine: 1, refused: 0, inconclusive: 0 })
  })
})

describe('once closed', () => {
  test('it keeps no timer and no ticket, and asks nothing', async () => {
    const site = new Site()
    site.pass('a', 'b')
    site.late.close()
    expect(site.clock.pendingTimers).toBe(0)
    site.pass('c')[0]?.()
    site.pass('d')
    site.late.resume()
    expect(site.clock.pendingTimers).toBe(0)
    await site.clock.advance(60_000)
    expect(site.calls).toEqual([])
    expect(site.late.snapshot().waiting).toBe(0)
  })

  test.each([
    ['a verdict', replies['code 1']],
    ['none', timeout],
  ])('it reports no answer that arrives later, be it %s', async (_, reply) => {
    const site = new Site()
    site.answer = reply
    site.pass('a')
    await site.clock.advance(55)
    site.late.close()
    await site.clock.advance(60_000)
    expect(site.told).toEqual([])
    expect(site.drained).toBe(0)
    expect(site.clock.pendingTimers).toBe(0)
  })
})

test('holds no ticket that waits no more', async () => {
  const late = new LateVerification({
    clock: new ManualClock(),
    isBack: () => false,
    isOn: () => true,
    verify: () => true,
    onVerdict: () => {},
    onDrained: () => {},
  })
  function addAndDrop(): readonly WeakRef<object>[] {
    const tickets = Array.from({ length: 100 }, () => ({ passedMs: 0, mayBeSpent: false }))
    const drops = tickets.map((ticket) => late.add(ticket))
    for (const drop of drops) drop()
    return tickets.map((ticket) => new WeakRef(ticket))
  }
  const references = addAndDrop()
  await collectGarbage()
  expect(references.filter((reference) => reference.deref() !== undefined)).toHaveLength(0)
})
