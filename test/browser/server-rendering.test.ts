import { expect, test } from '@jest/globals'

test('importing and calling without a page neither needs one nor gives a ticket', async () => {
  expect(typeof document).toBe('undefined')
  const { requestTicket } = await import('../../lib/browser/index.js')
  await expect(requestTicket({ captchaAppId: 1 })).rejects.toThrow(TypeError)
})
