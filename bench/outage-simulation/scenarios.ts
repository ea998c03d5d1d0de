import type { Bots, BoughtKeys, Scenario } from './scenario.js'
import { visitors } from './visitors.js'

const usual: Scenario = {
  name: '',
  sites: ['blog', 'shop', 'bank'],
  minutes: 10,
  fault: 'none',
  withoutScript: 0,
  probeFails: false,
  visitors: visitors.usual,
  knownAs: false,
  overridePass: false,
  bots: undefined,
  peak: undefined,
  burst: undefined,
  hoursBefore: 0,
  quotaFactor: undefined,
  restartAfterMinutes: undefined,
  store: false,
  expectedFactor: undefined,
  floorFactor: undefined,
  baselineFactor: undefined,
}

/** A day, so that the reference knows the busy hours and the quiet ones. */
const dayBefore = { hoursBefore: 25 } as const
const otherVisitors = [visitors.few, visitors.regulars] as const
const largestBots = { addresses: 10_000, rateFactor: 50 } as const
/** One bot, some, and as many as there are: the grid between says nothing else. */
const someBots = [{ addresses: 1, rateFactor: 10 }, { addresses: 100, rateFactor: 10 }, largestBots] as const
const attacked = 'forged-tickets-in-outage/10000-addresses/50x'
const junk: Bots = { ...largestBots, ticket: 'junk' }

/** Everything that is measured. A name says what differs from the usual visitors and no bots. */
export const scenarios: readonly Scenario[] = [
  scenario({ name: 'api-hangs', fault: 'api_hangs' }),
  ...otherVisitors.map((others) =>
    scenario({ name: `api-hangs/${others.name}`, fault: 'api_hangs', visitors: others }),
  ),
  scenario({ name: 'api-hangs/sign-ups', fault: 'api_hangs', visitors: visitors.signUps }),
  scenario({ name: 'api-errors-30-percent', fault: 'api_errors' }),
  scenario({ name: 'api-slow-1900ms', fault: 'api_slow' }),
  scenario({ name: 'api-flaps-every-20s', fault: 'api_flaps' }),
  scenario({ name: 'canary-healthy-tickets-hang', fault: 'ordinary_hangs' }),
  scenario({ name: 'canary-healthy-tickets-hang/half-hour', sites: ['blog'], minutes: 30, fault: 'ordinary_hangs' }),
  scenario({ name: 'primary-host-down', fault: 'primary_down' }),
  scenario({
    name: 'primary-host-down/bots',
    sites: ['shop'],
    fault: 'primary_down',
    bots: { addresses: 100, rateFactor: 10, ticket: 'junk' },
  }),
  scenario({
    name: 'primary-host-down/sibling-refuses',
    sites: ['shop', 'bank'],
    fault: 'primary_down_sibling_refuses',
  }),
  scenario({
    name: 'primary-host-down/sibling-refuses/bots',
    sites: ['shop'],
    fault: 'primary_down_sibling_refuses',
    bots: { addresses: 100, rateFactor: 10, ticket: 'junk' },
  }),
  // Twenty usual gaps are ten minutes there.
  scenario({
    name: 'primary-host-down/sibling-refuses/half-hour',
    sites: ['blog'],
    minutes: 30,
    fault: 'primary_down_sibling_refuses',
  }),
  scenario({ name: 'primary-host-down/siblings-refuse', fault: 'primary_down_siblings_refuse' }),
  // The last keys expire in the eighth minute.
  scenario({ name: 'metadata-service-down', minutes: 7, fault: 'keys_missing', sites: ['blog', 'shop'] }),
  scenario({
    name: 'first-burst',
    sites: ['shop'],
    minutes: 1,
    fault: 'api_hangs',
    burst: 200,
    expectedFactor: 10,
  }),
  ...(['shop', 'bank'] as const).map((site) =>
    scenario({
      name: 'first-burst/unavailable',
      sites: [site],
      minutes: 1,
      fault: 'api_unavailable',
      burst: 200,
      expectedFactor: site === 'shop' ? 10 : 1,
    }),
  ),
  scenario({ name: 'api-unavailable', fault: 'api_unavailable' }),
  scenario({ name: 'script-down-for-all', withoutScript: 1, probeFails: true }),
  scenario({ name: 'script-down-for-region', withoutScript: 0.15 }),
  scenario({ name: 'script-down-for-region/known-as', withoutScript: 0.15, knownAs: true }),
  scenario({
    name: 'override-pass/script-down-for-region',
    sites: ['blog', 'shop'],
    withoutScript: 0.15,
    overridePass: true,
  }),
  ...flashSales(),
  scenario({
    name: 'restart-in-outage/expected-per-minute',
    fault: 'api_hangs',
    restartAfterMinutes: 5,
    expectedFactor: 1,
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
  ...someBots.flatMap((shape) => forged({ name: 'forged-tickets-healthy' }, { ...shape, ticket: 'fallback' })),
  ...someBots.flatMap((shape) =>
    forged({ name: 'forged-tickets-in-outage', fault: 'api_hangs' }, { ...shape, ticket: 'junk' }),
  ),
  ...otherVisitors.flatMap((others) =>
    briefAtBank({ name: `${attacked}/${others.name}`, fault: 'api_hangs', bots: junk, visitors: others }),
  ),
  ...([25, 100, 1000] as const).flatMap((count) => [
    ...bought({ count, spent: 'at-once' }),
    ...bought({ count, spent: 'all-along' }),
  ]),
  ...['', '/known-as'].flatMap((suffix) => {
    const common = { fault: 'api_hangs', knownAs: suffix !== '' } as const
    return [
      ...briefAtBank({ name: `${attacked}/movers${suffix}`, ...common, bots: junk, visitors: visitors.movers }),
      ...briefAtBank({ name: `${attacked}/bots-behind-nat${suffix}`, ...common, bots: { ...junk, isBehindNat: true } }),
    ]
  }),
  scenario({
    name: 'forged-tickets-script-down/10000-addresses/50x',
    withoutScript: 1,
    probeFails: true,
    bots: { ...largestBots, ticket: 'fallback' },
  }),
  // Every call of these floods is run in full: a minute of the bank's says as much as ten.
  ...floods('throttled-by-flood', { ticket: 'junk' }, 5),
  ...floods('throttled-by-flood/hang-ups', { ticket: 'junk', hangUpAfterMs: 5 }, 5),
  ...floods('ticket-makes-internal-error', { ticket: 'poison' }),
  ...floods('bots-try-to-open-circuit', { ticket: 'tar' }),
  ...[10, 25].flatMap((boughtFactor) => boughtBaseline(boughtFactor)),
]

/** Purses of other sizes, for the picture alone. */
export const frontierScenarios: readonly Scenario[] = [0.25, 0.5, 1, 1.5, 2, 3, 5, 10].map((baselineFactor) =>
  scenario({ name: `frontier/${baselineFactor}x`, sites: ['shop'], fault: 'api_hangs', bots: junk, baselineFactor }),
)

function scenario(differing: Partial<Scenario> & Pick<Scenario, 'name'>): Scenario {
  return { ...usual, ...differing }
}

/** Tickets go on sale, and the outage comes when the baseline has learned the peak, or before. */
function flashSales(): Scenario[] {
  const sale = (name: string, minutesBefore: number, differing: Partial<Scenario> = {}) =>
    scenario({
      name: `flash-sale/${name}`,
      sites: ['shop'],
      minutes: 5,
      fault: 'api_hangs',
      visitors: visitors.buyers,
      peak: { factor: 10, minutesBefore },
      ...dayBefore,
      ...differing,
    })
  return [
    sale('ten-minutes-before', 10),
    sale('two-minutes-before', 2),
    sale('two-minutes-before/expected-per-minute', 2, { expectedFactor: 10 }),
    sale('two-minutes-before/floor-per-minute', 2, { floorFactor: 10 }),
  ]
}

function nameOf({ addresses, rateFactor }: Bots): string {
  return `${addresses}-addresses/${rateFactor}x`
}

/** Ten minutes of the bank's say no more than three: it has as many requests in one as the shop in three hours. */
function briefAtBank(differing: Partial<Scenario> & Pick<Scenario, 'name'>): Scenario[] {
  const made = scenario(differing)
  return [
    { ...made, sites: ['blog', 'shop'] },
    { ...made, sites: ['bank'], minutes: 3 },
  ]
}

/** The most bots are there all the time at the bank, too: the worst minute counts. */
function forged(differing: Partial<Scenario> & Pick<Scenario, 'name'>, bots: Bots): Scenario[] {
  const made = scenario({ ...differing, name: `${differing.name}/${nameOf(bots)}`, bots })
  if (bots.addresses === largestBots.addresses) return [made]
  return briefAtBank(made)
}

/** Of the bank's room a thousand keys are a thousandth: there a hundred are enough to see. */
function bought(boughtKeys: BoughtKeys): Scenario[] {
  const { count, spent } = boughtKeys
  const name = `${attacked}/${count}-bought-keys-${spent}`
  const made = scenario({ name, sites: ['shop'], minutes: 5, fault: 'api_hangs', bots: { ...junk, boughtKeys } })
  return count === 100 ? [made, { ...made, sites: ['bank'], minutes: 2 }] : [made]
}

function floods(name: string, how: Pick<Bots, 'ticket' | 'hangUpAfterMs'>, quotaFactor?: number): Scenario[] {
  return someBots.flatMap((shape) => {
    const bots: Bots = { ...shape, ...how }
    const made = scenario({ name: `${name}/${nameOf(bots)}`, sites: ['blog', 'shop'], bots, quotaFactor })
    return shape.addresses === 1 ? [made] : [made, { ...made, sites: ['bank'], minutes: 1 }]
  })
}

/** Solves are bought for 22 minutes and then no more: as evidence by themselves, or before an outage that the buyer waits for. */
function boughtBaseline(boughtFactor: number): Scenario[] {
  const name = `baseline-bought-${boughtFactor}x`
  const common = { sites: ['shop'], minutes: 5, ...dayBefore } as const
  return [
    scenario({ name, ...common, bots: { ...largestBots, ticket: 'fallback', boughtFactor } }),
    scenario({ name: `${name}/outage`, ...common, fault: 'api_hangs', bots: { ...junk, boughtFactor } }),
  ]
}
