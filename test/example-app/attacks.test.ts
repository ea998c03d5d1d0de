import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { attackTexts } from '../../example-app/attack-texts.js'
import { type AttackId, type AttackReport, attackIds } from '../../example-app/wire.js'
import { type ExampleProcess, openExample, spawnExample } from './example-process.js'

describe('the attacks of the switchboard', () => {
  let example: ExampleProcess
  let url: string

  beforeAll(async () => {
    example = spawnExample(['--port', '0'])
    url = await openExample(example)
  }, 30_000)
  afterAll(() => example.end('SIGKILL'))

  const post = (body: object) =>
    fetch(`${url}/switchboard/attacks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: url },
      body: JSON.stringify(body),
    })

  async function run(id: AttackId): Promise<AttackReport> {
    const response = await post({ id })
    expect(response.status).toBe(200)
    return (await response.json()) as AttackReport
  }

  /** What is true of every attack on a Tencent that is well: no evidence, and no honest user who is not verified. */
  const unmoved = { isCircuitOpen: false, hasEvidence: false, hasOpened: false }
  const nothing = { passed: 0, verified: 0, drawn: { outage: 0, doubt: 0 } }

  function expectHonest({ honest }: AttackReport): void {
    expect(honest.visits).toBeGreaterThanOrEqual(15)
    expect(honest).toEqual({ visits: honest.visits, verified: honest.visits, passed: honest.visits })
  }

  it.each<[AttackId, number]>([
    // Ten refusals, and what a stranger may have under way at once.
    ['junk_hangs_up', 10 + 32],
    ['junk_one_address', 10 + 32],
    ['junk_after_solve', 1 + 60 + 2 * 32],
  ])(
    '%s asks Tencent about few of the tickets',
    async (id, mostAsked) => {
      const report = await run(id)
      expect(report).toMatchObject({ ...unmoved, drawn: nothing.drawn })
      expect(report.passed).toBe(report.verified)
      expect(report.verified).toBe(id === 'junk_after_solve' ? 1 : 0)
      expect(report.asked).toBeGreaterThanOrEqual(id === 'junk_after_solve' ? 1 : 10)
      expect(report.asked).toBeLessThanOrEqual(mostAsked)
      expectHonest(report)
    },
    30_000,
  )

  it.each<[AttackId, number, number]>([
    ['stumbling_ticket', 100, 12],
    ['forged_fallback', 200, 7],
    ['stamped_ahead', 50, 1],
  ])(
    '%s passes from the doubt purse alone',
    async (id, tries, most) => {
      const report = await run(id)
      expect(report).toMatchObject({ ...unmoved, tries, verified: 0, drawn: { outage: 0, doubt: report.passed } })
      expect(report.passed).toBeGreaterThan(0)
      expect(report.passed).toBeLessThanOrEqual(most)
      expectHonest(report)
    },
    30_000,
  )

  it('replay lets one try of each ticket in', async () => {
    const report = await run('replay')
    expect(report).toMatchObject({ ...unmoved, tries: 100, asked: 1, passed: 2, verified: 1, drawn: { doubt: 1 } })
    expectHonest(report)
  }, 30_000)

  it('two_guards have one limit for a client, and let honest users in meanwhile', async () => {
    const report = await run('two_guards')
    expect(report).toMatchObject({ tries: 60, asked: 0, passed: 20, drawn: { outage: 20 }, hasOpened: false })
    expect(report.honest).toEqual({ visits: report.honest.visits, verified: 0, passed: report.honest.visits })
  }, 30_000)

  it('hanging_credentials lets no request in and is no evidence', async () => {
    expect(await run('hanging_credentials')).toMatchObject({ ...unmoved, ...nothing, tries: 60, asked: 0 })
  }, 30_000)

  it('refuses what is not on the list, and a second attack beside the first', async () => {
    for (const body of [{}, { id: 'toString' }, { id: 7 }]) expect((await post(body)).status).toBe(400)
    const both = await Promise.all([post({ id: 'forged_fallback' }), post({ id: 'replay' })])
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400])
  }, 30_000)
})

it('the texts tell in plain words what an attack gained', () => {
  const report: AttackReport = {
    id: 'replay',
    tries: 100,
    asked: 1,
    passed: 2,
    verified: 1,
    drawn: { outage: 0, doubt: 1 },
    isCircuitOpen: false,
    hasEvidence: false,
    hasOpened: false,
    honest: { visits: 20, verified: 20, passed: 20 },
  }
  expect(attackTexts.en.outcome(report)).toEqual([
    '2 of 100 tries got in: 1 from the doubt purse, 1 with a solved CAPTCHA.',
    'Tencent was asked once.',
    'The circuit stayed closed. There is no evidence of an outage.',
    'All 20 honest users were verified.',
  ])
  expect(attackTexts.en.outcome({ ...report, hasOpened: true, hasEvidence: true })[2]).toBe(
    'The attack opened the circuit. There is evidence of an outage.',
  )
  expect(Object.keys(attackTexts.en.attacks)).toEqual(attackIds)
})
