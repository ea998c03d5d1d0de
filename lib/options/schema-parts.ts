import * as v from 'valibot'
import { longestTimeoutMs } from '../clock.js'
import { CaptchaConfigError, kindOf, optionError } from './captcha-config-error.js'

/** A number that `isFit` holds for; `expected` completes `it must be`. */
export const numberThat = (expected: string, isFit: (value: number) => boolean) =>
  v.pipe(v.number(expected), v.check(isFit, expected))
/** An integer from `min` to `max`. */
export const integer = (min: number, max: number, expected: string) =>
  numberThat(expected, (value) => Number.isInteger(value) && value >= min && value <= max)
/** Milliseconds: an integer from `min` to the longest that a timer takes. */
export const durationMs = (min = 1) =>
  integer(min, longestTimeoutMs, `an integer number of milliseconds, from ${min} to ${longestTimeoutMs}`)
/** A switch. */
export const flag = v.boolean('true or false')
/** A string that is not blank. */
export const text = v.pipe(v.string('a string that is not empty'), v.regex(/\S/, 'a string that is not empty'))
const urlMessage =
  'a string with the whole URL, http:// or https:// included, and without user name, password, query and hash'
/** A whole URL, given back as the URL standard writes it. */
export const httpUrl = v.pipe(v.string(urlMessage), v.check(isHttpUrl, urlMessage), v.transform(hrefOf))
/** A function, whose parameters only the type knows. */
export const callback = <Type>(expected = 'a function') =>
  v.custom<Type>((value) => typeof value === 'function', expected)

/** A member that is not in `entries` is an error unless it is `undefined`. The validator alone would accept a list. */
export const objectOf = <const Entries extends v.ObjectEntries>(entries: Entries) => {
  const members = v.strictObject(entries)
  const steps = v.pipe(
    v.custom<v.InferInput<typeof members>>((value) => typeof value === 'object' && isObject(value), 'an object'),
    v.transform(withoutUndefined),
    members,
    v.transform((output) => Object.freeze(output)),
  )
  return Object.assign(steps, { entries })
}

type Schema = v.GenericSchema & { readonly entries: v.ObjectEntries }

/** What `schema` makes of the options of the function `name`. Throws {@link CaptchaConfigError}, whose message starts with `name`. */
export function parse<Given extends Schema>(name: string, schema: Given, options: object): v.InferOutput<Given> {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new CaptchaConfigError('options', `${name}: the options must be an object, not ${kindOf(options)}.`)
  }
  const result = v.safeParse(schema, options)
  if (result.success) return result.output
  const { option, message } = optionError(result.issues[0], schema.entries, options)
  throw new CaptchaConfigError(option, message.replace(/^tencent-captcha-guard/, name))
}

function withoutUndefined<Group extends object>(given: Group): Group {
  // An instance of a class may have getters, which a copy would lose.
  if (![Object.prototype, null].includes(Object.getPrototypeOf(given))) return given
  return Object.fromEntries(Object.entries(given).filter(([, member]) => member !== undefined)) as Group
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === ''
}

function hrefOf(url: string): string {
  return new URL(url).href
}

/** Anything with members; a list is none. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && !Array.isArray(value)
}
