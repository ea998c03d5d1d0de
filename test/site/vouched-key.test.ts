import { expect, test } from '@jest/globals'
import { isVouchedFor, vouchedKey } from '../../lib/site/vouched-key.js'

test('the key of an identity is told from an address, and from the key of another identity', () => {
  expect(isVouchedFor(vouchedKey('192.0.2.1'))).toBe(true)
  expect(isVouchedFor('192.0.2.1')).toBe(false)
  expect(vouchedKey('li.na')).not.toBe(vouchedKey('wang.wei'))
})
