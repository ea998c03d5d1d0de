import { TestEnvironment } from 'jest-environment-jsdom'

/** jsdom, with the fetch classes that every browser has and jsdom leaves out. */
export default class JsdomWithFetch extends TestEnvironment {
  constructor(...args) {
    super(...args)
    Object.assign(this.global, { Headers, Request, Response })
  }
}
