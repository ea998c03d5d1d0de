import type { AttackId, AttackReport } from '../../wire.js'
import { atRate, attacks } from './attacks.js'
import { Stage } from './stage.js'

const honestPerSecond = 10
/** Honest users come for at least this long, also beside an attack that is over at once. */
const minHonest = 15

/** Runs one attack on a site of its own, with honest users beside it, and says what it gained. */
export async function runAttack(id: AttackId): Promise<AttackReport> {
  const { setup, prepare, run } = attacks[id]
  const stage = await Stage.open(setup)
  try {
    await prepare?.(stage)
    const before = { ...stage.honest, outages: stage.outages }
    let isOver = false
    const attack = run(stage).finally(() => {
      isOver = true
    })
    const [visits] = await Promise.all([visitUntil(stage, () => isOver), attack])
    const { circuit, api, clientPath } = stage.guard.snapshot()
    return {
      id,
      tries: stage.tries,
      asked: stage.asked,
      verified: stage.attacker.verified,
      passed: stage.attacker.passed,
      drawn: { ...stage.drawn },
      isCircuitOpen: circuit.state === 'open',
      hasEvidence: [api, clientPath].some(({ state }) => state === 'outage'),
      hasOpened: stage.outages > before.outages,
      honest: {
        visits,
        verified: stage.honest.verified - before.verified,
        passed: stage.honest.passed - before.passed,
      },
    }
  } finally {
    await stage.close()
  }
}

async function visitUntil(stage: Stage, isOver: () => boolean): Promise<number> {
  const running: Promise<void>[] = []
  let visits = 0
  while (!isOver() || visits < minHonest) {
    const first = visits
    visits += honestPerSecond / 5
    running.push(atRate(honestPerSecond, honestPerSecond / 5, (index) => stage.visit(first + index)))
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  await Promise.all(running)
  return visits
}
