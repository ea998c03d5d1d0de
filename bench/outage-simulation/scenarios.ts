import type { Bots, Scenario } from './scenario.js'

const usual: Scenario = {
  name: '',
  sites: ['blog', 'shop', 'bank'],
  minutes: 10,
  fault: 'none',
  withoutScript: 0,
  probeFails: false,
  historyShare: 0.7,
  bots: undefined,
  quotaFactor: undefined,
  restartAfterMinutes: undefined,
  store: false,
  expectsRate: false,
  baselineFactor: undefined,
}

const historyShares = [0.4, 0.7, 0.95]
const botAddresses = [1, 100, 10_000] as const
const botRates = [1, 10, 50]
const largestBots = { addresses: 10_000, rateFactor: 50 } as const
/** One bot, some, and as many as there are: for what hardly depends on the grid between. */
const someBots = [{ addresses: 1, rateFactor: 10 }, { addresses: 100, rateFactor: 10 }, largestBots] as const

/** Everything that is measured. A name says what differs from 70 % history and no bots. */
export const scenarios: readonly Scenario[] = [
  ...withHistory({ name: 'api-hangs', fault: 'api_hangs' }),
  scenario({ name: 'api-errors-30-percent', fault: 'api_errors' }),
  scenario({ name: 'api-slow-1900ms', fault: 'api_slow' }),
  scenario({ name: 'api-flaps-every-20s', fault: 'api_flaps' }),
  scenario({ name: 'canary-healthy-tickets-hang', fault: 'ordinary_hangs' }),
  scenario({ name: 'script-down-for-all', withoutScript: 1, probeFails: true }),
  scenario({ name: 'script-down-for-region', withoutScript: 0.15 }),
  scenario({
    name: 'restart-in-outage/expected-per-minute',
    fault: 'api_hangs',
    restartAfterMinutes: 5,
    expectsRate: true,
  }),
  scenario({ name: 'restart-in-outage/nothing', fault: 'api_hangs', restartAfterMinutes: 5 }),
  scenario({ name: 'api-hangs/store', sites: ['blog', 'shop'], fault: 'api_hangs', store: true }),
  scenario({
    name: 'restart-in-outage/store',
    sites: ['blog', 'shop'],
    fault: 'api_hangs',
    restartAfterMinutes: 5,
    store: true,
  }),
  // All eight processes of the bank run side by side: two minutes, to be held against the first two of `api-hangs`.
  scenario({
    name: 'restart-in-outage/store',
    sites: ['bank'],
    minutes: 2,
    fault: 'api_hangs',
    restartAfterMinutes: 1,
    store: true,
  }),
  ...everyBot({ name: 'forged-tickets-healthy' }, 'fallback'),
  ...everyBot({ name: 'forged-tickets-in-outage', fault: 'api_hangs' }, 'junk'),
  ...historyShares
    .filter((share) => share !== usual.historyShare)
    .flatMap((historyShare) =>
      withBots([largestBots], { name: 'forged-tickets-in-outage', fault: 'api_hangs', historyShare }, 'junk'),
    ),
  ...withBots([largestBots], { name: 'forged-tickets-script-down', withoutScript: 1, probeFails: true }, 'fallback'),
  // Every call of these floods is run in full: a minute of the bank's says as much as ten.
  ...floods({ name: 'throttled-by-flood', quotaFactor: 5 }, 'junk'),
  ...floods({ name: 'ticket-makes-internal-error' }, 'poison'),
  ...floods({ name: 'bots-try-to-open-circuit' }, 'tar'),
  ...[10, 25].map((boughtFactor) =>
    scenario({
      name: `baseline-trained-by-solves/bought-${boughtFactor}x`,
      sites: ['shop'],
      bots: { addresses: 10_000, rateFactor: 50, ticket: 'fallback', boughtFactor },
    }),
  ),
]

/** Purses of other sizes, for the picture alone. */
export const frontierScenarios: readonly Scenario[] = [0.25, 0.5, 1, 1.5, 2, 3, 5, 10].map((baselineFactor) =>
  scenario({
    name: `frontier/${baselineFactor}x`,
    sites: ['shop'],
    fault: 'api_hangs',
    bots: { addresses: 10_000, rateFactor: 50, ticket: 'junk' },
    baselineFactor,
  }),
)

function scenario(differing: Partial<Scenario> & Pick<Scenario, 'name'>): Scenario {
  return { ...usual, ...differing }
}

function withHistory(differing: Partial<Scenario> & Pick<Scenario, 'name'>): Scenario[] {
  return historyShares.map((historyShare) => {
    const name =
      historyShare === usual.historyShare ? differing.name : `${differing.name}/history-${100 * historyShare}`
    return scenario({ ...differing, name, historyShare })
  })
}

type BotShape = Pick<Bots, 'addresses' | 'rateFactor'>

/** All nine; at the bank for three minutes unless they are the most, and a single address with the most it can offer. */
function everyBot(differing: Partial<Scenario> & Pick<Scenario, 'name'>, ticket: Bots['ticket']): Scenario[] {
  const all = botAddresses.flatMap((addresses) => botRates.map((rateFactor) => ({ addresses, rateFactor })))
  return withBots(all, differing, ticket).flatMap((made) => {
    const { addresses = 1, rateFactor = 1 } = made.bots ?? {}
    if (addresses === largestBots.addresses && rateFactor === largestBots.rateFactor) return [made]
    const small: Scenario = { ...made, sites: ['blog', 'shop'] }
    const bank: Scenario = { ...made, sites: ['bank'], minutes: 3 }
    return addresses === 1 && rateFactor < largestBots.rateFactor ? [small] : [small, bank]
  })
}

function withBots(
  shapes: readonly BotShape[],
  differing: Partial<Scenario> & Pick<Scenario, 'name'>,
  ticket: Bots['ticket'],
): Scenario[] {
  const { historyShare = usual.historyShare } = differing
  const history = historyShare === usual.historyShare ? '' : `/history-${100 * historyShare}`
  return shapes.map(({ addresses, rateFactor }) =>
    scenario({
      ...differing,
      name: `${differing.name}/${addresses}-addresses/${rateFactor}x${history}`,
      bots: { addresses, rateFactor, ticket },
    }),
  )
}

function floods(differing: Partial<Scenario> & Pick<Scenario, 'name'>, ticket: Bots['ticket']): Scenario[] {
  return [
    ...withBots(someBots, { ...differing, sites: ['blog', 'shop'] }, ticket),
    ...withBots(someBots.slice(1), { ...differing, sites: ['bank'], minutes: 1 }, ticket),
  ]
}
