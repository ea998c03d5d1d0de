import { expect, test } from '@jest/globals'

test('the kit can be imported without window and document, and a call there rejects without a ticket', async () => {
  expect([typeof window, typeof document]).toEqual(['undefined', 'undefined'])
  const { requestTicket } = await import('../../lib/browser/index.js')
  await expect(requestTicket({ captchaAppId: 1 })).rejects.toThrow('document is not defined')
})
