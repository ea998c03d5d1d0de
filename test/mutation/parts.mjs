const part = (folder, files, tests = files) => ({
  mutate: files.split(' ').map((name) => `lib/${folder}/${name}.ts`),
  tests: tests.split(' ').map((name) => `test/${name.includes('/') ? name : `${folder}/${name}`}.test.ts`),
})

/**
 * What is mutated together, and the tests that have to notice it. A mutant meets the tests of its own part alone: with every suite that
 * reaches it, simulations of hours among them, the whole would take days.
 */
export const parts = {
  admission: part('admission', '*'),
  'classify-reply': part('tencent', 'classify-reply'),
  'classify-ticket': part('tencent', 'classify-ticket fallback-ticket'),
  codes: part('tencent', 'captcha-codes api-error-codes local-failure'),
  canaries: part(
    'site',
    'canary-deadline canary-schedule confirmed-canary',
    'time-limits canary-schedule confirmed-canary',
  ),
  calls: part('site', 'held-calls in-flight waiting-calls time-limits usual-latency outage-watch'),
  purses: part('site', 'purse purse-book reserve-log'),
  charges: part('site', 'client-charges vouched-key'),
  evidence: part('site', 'failure-evidence expected-passes'),
  baseline: part('site', 'baseline baseline-reference'),
  override: part('site', 'override-switch shared-override fleet-status'),
  'client-path': part('site', 'client-path'),
  ledger: part(
    'site',
    'ledger store-refusals vouched-address',
    'ledger store/ledger-with-store store-refusals vouched-address',
  ),
  late: part('site', 'late-verification'),
  circuit: part('site', 'circuit', 'circuit circuit-disagreement held-calls'),
  probes: part('site', 'short-wait probe-turns', 'time-limits circuit-disagreement'),
  site: part('site', 'site'),
  replays: part('site', 'replay-memory'),
  events: part('structures', 'recent-events'),
  history: part('site', 'client-history'),
  allowance: part('site', 'call-allowance learned-rate'),
}
