import { keptSeeds } from './kept-seeds.js'

/** Seeds that `npm run test:swarm` runs in CI, from 1 on; a minute of one core. */
export const seedsInCi = 200
/** Seeds in `npm test`. */
const seedsInShort = 15

/** The seeds of this run, and whether it is the replay of a single one. */
export function seedsOfRun(environment: Readonly<Record<string, string | undefined>>): {
  readonly seeds: readonly number[]
  readonly isReplay: boolean
} {
  const { SWARM_SEED, SWARM_SEEDS, SWARM } = environment
  if (SWARM_SEED) return { seeds: [integer(SWARM_SEED)], isReplay: true }
  const kept = keptSeeds.map(({ seed }) => seed)
  if (SWARM_SEEDS) {
    const [from = '', to = from] = SWARM_SEEDS.split('-')
    return { seeds: [...kept, ...range(integer(from), integer(to))], isReplay: false }
  }
  return { seeds: [...kept, ...range(1, SWARM === 'whole' ? seedsInCi : seedsInShort)], isReplay: false }
}

function range(from: number, to: number): readonly number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index)
}

function integer(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TypeError(`${JSON.stringify(text)} is no seed; give SWARM_SEED=7, or SWARM_SEEDS=1000-1999.`)
}
