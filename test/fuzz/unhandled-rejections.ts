import { afterAll, afterEach, beforeAll, expect } from '@jest/globals'

/** Fails a test that leaves a rejection which nothing handles: it would end an application's process. */
export function forbidUnhandledRejections(): void {
  const reasons: unknown[] = []
  const note = (reason: unknown) => void reasons.push(reason)
  beforeAll(() => void process.on('unhandledRejection', note))
  afterAll(() => void process.off('unhandledRejection', note))
  afterEach(() => expect(reasons.splice(0)).toEqual([]))
}
