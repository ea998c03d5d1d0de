import { jest } from '@jest/globals'

// Real sockets, browsers and processes share two cores: a test that misses its moment once is tried again, and its failure is printed.
jest.retryTimes(1, { logErrorsBeforeRetry: true })
