const { existsSync } = require('node:fs')
const { join } = require('node:path')
const { default: Sequencer } = require('@jest/test-sequencer')

/**
 * The longest files by the seconds that they take alone, in turn those that compute and those that wait: the last worker has no tail of
 * one long file, and browsers do not all start in the same moment. A fresh clone has no cache from which jest could know.
 */
const longest = [
  'example-app/example-app.e2e',
  'store/redis/outages',
  'store/redis/site-processes',
  'package/consumers',
  'browser/chromium',
  'attacks/throttling-flood',
  'package/tarball',
  'status/chromium',
  'attacks/lookups-under-hang-ups',
  'example-app/attacks',
  'browser/international',
  'flow/endpoints',
  'flow/sdk-client',
  'browser/forms-by-others',
  'attacks/credentials',
  'attacks/hanging-resolver',
  'browser/marked-form',
  'cli/check',
  'attacks/hang-ups',
  'browser/frameworks-page',
  'store/redis/guards',
  'flow/logs',
  'browser/firefox',
].map((name) => join(__dirname, '..', `${name}.test.ts`))

const missing = longest.find((path) => !existsSync(path))
if (missing !== undefined) throw new Error(`${missing} is in the order of the longest tests, and not here`)

class LongestFirstSequencer extends Sequencer {
  sort(tests) {
    const place = ({ path }) => (longest.includes(path) ? longest.indexOf(path) : longest.length)
    return super.sort(tests).sort((one, other) => place(one) - place(other))
  }
}

module.exports = LongestFirstSequencer
