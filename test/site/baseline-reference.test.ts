import { describe, expect, test } from '@jest/globals'
import { BaselineReference } from '../../lib/site/baseline-reference.js'

const hoursOfWeek = 168

/** Learns whole hours, one after another; an hour ends for the reference with the first minute of the next one. */
class Learned {
  readonly reference = new BaselineReference()
  #minute = 0

  /** An hour of equal minutes; in its first ones it may differ. */
  hour(perMinute: number, { first = 0, as = perMinute }: { first?: number; as?: number } = {}): this {
    for (let minute = 0; minute < 60; minute++) this.reference.learn(this.#minute++, minute < first ? as : perMinute)
    return this
  }

  hours(count: number, perMinute: number): this {
    for (let hour = 0; hour < count; hour++) this.hour(perMinute)
    return this
  }

  /** An hour of which so many minutes were healthy. */
  partOfHour(minutes: number, perMinute: number): this {
    for (let minute = 0; minute < minutes; minute++) this.reference.learn(this.#minute + minute, perMinute)
    this.#minute += 60
    return this
  }

  /** After a minute of the next hour. */
  get now(): readonly [busy: number | undefined, quiet: number | undefined] {
    this.reference.learn(this.#minute, 0)
    return [this.reference.perMinute, this.reference.quietPerMinute]
  }
}

describe('a reference', () => {
  test('does not exist before six hours were seen', () => {
    expect(new Learned().hours(5, 30).now).toEqual([undefined, undefined])
    expect(new Learned().hours(6, 30).now).toEqual([30, 30])
  })

  test('learns nothing from an hour of which less than half was healthy', () => {
    expect(new Learned().hours(5, 30).partOfHour(29, 30).now[0]).toBeUndefined()
    expect(new Learned().hours(5, 30).partOfHour(30, 30).now[0]).toBe(30)
  })

  test('is not pulled down by the nights of a week', () => {
    const week = new Learned()
    for (let day = 0; day < 7; day++) week.hours(10, 3).hours(4, 150).hours(10, 300)
    expect(week.now).toEqual([300, 3])
  })

  test('looks at seven days and no more', () => {
    const week = new Learned().hours(hoursOfWeek, 100).hours(hoursOfWeek - 1, 10)
    expect(week.now[0]).toBe(10)
    expect(new Learned().hours(1000, 10).reference.hoursSeen).toBe(hoursOfWeek)
  })

  test.each([
    [1, 10],
    [17, 10],
    [18, 250],
  ])('of a week with %d other hours in it is %d', (hours, perMinute) => {
    expect(new Learned().hours(hoursOfWeek - hours, 10).hours(hours, 250).now[0]).toBe(perMinute)
  })
})

describe('an hour of bought solves', () => {
  test.each([0, 1, 20, 30, 40, 59])(
    'moves a reference of six hours by nothing, begun %d minutes after the hour',
    (at) => {
      const site = new Learned().hours(5, 10)
      site.hour(250, { first: at, as: 10 }).hour(10, { first: at, as: 250 })
      expect(site.now[0]).toBe(10)
    },
  )

  test('would move the largest of six hours, and a mean', () => {
    const hours = [10, 10, 10, 10, 10, 250]
    expect(Math.max(...hours)).toBe(250)
    expect(hours.reduce((sum, hour) => sum + hour) / hours.length).toBe(50)
    const site = new Learned()
    for (const perMinute of hours) site.hour(perMinute)
    expect(site.now[0]).toBe(10)
  })

  test('moves it when a second one follows: what must be kept up for a tenth of the time is the site’s own', () => {
    expect(new Learned().hours(4, 10).hours(2, 250).now[0]).toBe(250)
  })
})
