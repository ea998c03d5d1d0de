import { describe, expect, test } from '@jest/globals'
import { mergeProcesses } from '../../../lib/status/fleet-view.js'
import { Formats } from '../../../lib/status/page/formats.js'
import { textsOf } from '../../../lib/status/page/texts-of.js'
import { verdictChart } from '../../../lib/status/page/verdict-chart.js'
import { nightMs, recorded, snapshot } from '../sample-report.js'

const zeros = Array.from({ length: 57 }, () => 0)

function chart(counts: Readonly<Record<string, readonly number[]>>): string {
  const status = recorded('a', snapshot())
  const fleet = mergeProcesses([{ ...status, recording: { ...status.recording, counts } }])
  return verdictChart(fleet, textsOf.en, new Formats('en', nightMs), 's0').text
}

/** Heights of the bars of one colour, by minute, in parts of the chart's height. */
function bars(html: string, colour: string): Record<number, [bottom: number, height: number]> {
  const path = new RegExp(`<path class="${colour}" d="([^"]*)"`).exec(html)?.[1] ?? ''
  const shapes = [...path.matchAll(/M(\d+) ([\d.]+)h8v-([\d.]+)h-8z/g)]
  return Object.fromEntries(
    shapes.map(([, x, bottom, size]) => [Math.floor(Number(x) / 10), [Number(bottom), Number(size)]]),
  )
}

describe('the chart of verdicts', () => {
  test('stacks reasons by minute, on an axis with a round top', () => {
    const html = chart({ verified: [...zeros, 50, 0, 100], timeout: [...zeros, 25, 0, 0] })
    expect(html).toContain('100 a minute')
    expect(bars(html, 'verified shade-0')).toEqual({ 57: [160, 80], 59: [160, 160] })
    expect(bars(html, 'degraded_pass shade-0')).toEqual({ 57: [80, 40] })
  })

  test('shows a single degraded pass among thousands', () => {
    const html = chart({ verified: [...zeros, 5000, 5000, 5000], timeout: [...zeros, 1, 0, 0] })
    expect(bars(html, 'degraded_pass shade-0')[57]?.[1]).toBeGreaterThanOrEqual(2)
  })

  test('names every reason with its total in the legend, for screen readers and as a table', () => {
    const html = chart({ verified: [...zeros, 1, 2, 3], circuit_open: [...zeros, 4, 0, 0] })
    expect(html).toMatch(/role="img" aria-label="[^"]*Verified 6, Let in unverified: circuit_open 4"/)
    expect(html).toMatch(/<tr><th scope="row">02:53<\/th><td class="number">1<\/td><td class="number">4<\/td><\/tr>/)
  })

  test('gives the largest reasons of a family a colour of their own, and the rest one together', () => {
    const causes = ['timeout', 'circuit_open', 'unreachable', 'http_error', 'throttled', 'overloaded']
    const html = chart(Object.fromEntries(causes.map((cause, index) => [cause, [...zeros, 0, 0, 10 - index]])))
    expect(html).toContain('Let in unverified: http_error <b>7</b>')
    expect(html).toContain('Let in unverified, other reasons <b>11</b>')
    expect(html).not.toContain('throttled')
  })

  test('says so where there is none', () => {
    expect(chart({})).toContain('No verdict in the last 60 minutes.')
  })
})
