/** @jest-config-loader esbuild-register */
import { availableParallelism } from 'node:os'
import type { Config } from 'jest'

// One seed for all files of a whole run of the fuzz tests, so that one command runs any of its cases again.
if (process.env.FUZZ === 'whole') process.env.FUZZ_SEED ||= String(Date.now() % 2 ** 31)

const config: Config = {
  testEnvironment: 'node',
  // Stryker wants a runner with the name of jest-circus.
  testRunner: '<rootDir>/test/support/jest-circus-for-one-file.cjs',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Attacks that need minutes on real time; `npm run test:attacks` runs them as well.
  testPathIgnorePatterns: process.env.ATTACKS === 'whole' ? [] : ['\\.whole\\.test\\.ts$'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // The matrix puts other versions of the Redis clients in their place.
    ...(process.env.REDIS_CLIENTS && { '^(redis|ioredis)$': `${process.env.REDIS_CLIENTS}/$1` }),
  },
  transform: {
    '\\.lua$': '<rootDir>/test/support/lua-as-text.cjs',
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  reporters: ['default', '<rootDir>/test/support/closing-line-reporter.cjs'],
  setupFilesAfterEnv: ['<rootDir>/test/support/retry-once.ts', '<rootDir>/test/support/no-subscription-left.ts'],
  testTimeout: 15_000,
  testSequencer: '<rootDir>/test/support/longest-first-sequencer.cjs',
  // Twice as many as cores: many suites wait for sockets and time more than they compute.
  maxWorkers: 2 * availableParallelism(),
}

export default config
