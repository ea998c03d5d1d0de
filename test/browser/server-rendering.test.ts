import { expect, test } from '@jest/globals'

test('importing touches neither window nor document, and calling without a page gives no ticket', async () => {
  expect([typeof window, typeof document]).toEqual(['undefined', 'undefined'])
  const { requestTicket } = await import('../../lib/browser/index.js')
  await expect(requestTicket({ captchaAppId: 1 })).rejects.toThrow('document is not defined')
})
