import { describe, expect, test } from '@jest/globals'
import { Formats } from '../../../lib/status/page/formats.js'
import { nightMs } from '../sample-report.js'

const en = new Formats('en', nightMs)
const zh = new Formats('zh', nightMs)

describe('formats', () => {
  test.each([
    [400, '0 s', '0 秒'],
    [42_000, '42 s', '42 秒'],
    [61_000, '1 min', '1 分钟'],
    [3_600_000, '1 h', '1 小时'],
    [3_900_000, '1 h 5 min', '1 小时 5 分钟'],
    [26 * 3_600_000, '1 d 2 h', '1 天 2 小时'],
    [-5000, '0 s', '0 秒'],
  ])('of a duration of %d ms have its two largest units', (ms, english, chinese) => {
    expect([en.duration(ms), zh.duration(ms)]).toEqual([english, chinese])
  })

  test('of a time have the date where it is not today', () => {
    expect(en.time(nightMs)).toBe('02:55')
    expect(en.time(nightMs - 24 * 3_600_000)).toBe('13 Mar, 02:55')
    expect(zh.time(nightMs - 24 * 3_600_000)).toMatch(/^3月13日.02:55$/)
    expect(en.seconds(nightMs)).toBe('02:55:20')
  })

  test('of numbers have the separators of the language', () => {
    expect([en.number(12_345.67), en.percent(0.648), zh.percent(0.648)]).toEqual(['12,345.7', '65 %', '65%'])
  })
})
