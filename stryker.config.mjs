import { parts } from './test/mutation/parts.mjs'

// One part of the mutation tests; `npm run test:mutation` runs them one after the other.
const name = process.env.MUTATION_PART ?? 'admission'
const { mutate, tests } = parts[name]

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  mutate,
  testRunner: 'jest',
  testRunnerNodeArgs: ['--experimental-vm-modules', '--no-warnings'],
  // Jest keeps every ES module that it ever loaded: a fresh process after so many mutants bounds its memory.
  maxTestRunnerReuse: 100,
  jest: {
    configFile: 'jest.config.ts',
    config: {
      testMatch: tests.map((path) => `<rootDir>/${path}`),
      // Without the second try of failed tests, which would run them twice for every killed mutant.
      setupFilesAfterEnv: ['<rootDir>/test/mutation/fixed-seed.ts'],
    },
  },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  timeoutMS: 10_000,
  incremental: true,
  incrementalFile: `.mutation/${name}.json`,
  tempDirName: `.mutation/sandbox-${name}`,
  ignorePatterns: ['/.mutation', '/bench', '/dist', '/docs', '/etc', '/example-app', '/scripts'],
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  warnings: { slow: false },
  thresholds: { high: 95, low: 90, break: 90 },
}
