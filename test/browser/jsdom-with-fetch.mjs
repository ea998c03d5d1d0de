import { TestEnvironment } from 'jest-environment-jsdom'

/** jsdom, with the fetch classes that every browser has and jsdom leaves out, and the signals that they take: of their own kind alone. */
export default class JsdomWithFetch extends TestEnvironment {
  constructor(...args) {
    super(...args)
    Object.assign(this.global, { AbortController, AbortSignal, Headers, Request, Response })
  }
}
