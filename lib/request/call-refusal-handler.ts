import type { NextFunction } from '../types.js'

/**
 * Calls the application's refusal handler. What it throws, or rejects with, goes to `next(error)`, unless it has called
 * `next` already: one request goes on once.
 */
export function callRefusalHandler(handler: (next: NextFunction) => unknown, next: NextFunction): void {
  let isCalled = false
  const nextOnce: NextFunction = (error) => {
    if (isCalled) return
    isCalled = true
    if (error === undefined) next()
    else next(error)
  }
  try {
    const result = handler(nextOnce)
    if (result instanceof Promise) result.catch(nextOnce)
  } catch (error) {
    nextOnce(error)
  }
}
