import { expect, test } from '@jest/globals'
import { KnownShare } from '../../lib/prometheus/known-share.js'

const hourMs = 3_600_000

test('there is no share without a pass', () => {
  expect(new KnownShare().ratio(0)).toBeUndefined()
})

test('the share is that of the last hour alone', () => {
  const share = new KnownShare()
  for (let n = 0; n < 3; n++) share.note(false, 0)
  share.note(true, hourMs / 2)
  expect(share.ratio(hourMs / 2)).toBe(0.25)
  expect(share.ratio(hourMs + 60_000)).toBe(1)
  expect(share.ratio(2 * hourMs)).toBeUndefined()
})
