import type { RiskContext } from '../types.js'

const longestText = 64
const isId = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown) => typeof value === 'string' && value.length <= longestText

const fields = {
  businessId: [isId, 'a non-negative integer'],
  sceneId: [isId, 'a non-negative integer'],
  macAddress: [isText, `a string of at most ${longestText} characters`],
  imei: [isText, `a string of at most ${longestText} characters`],
  needGetCaptchaTime: [(value: unknown) => typeof value === 'boolean', 'true or false'],
} as const satisfies Record<keyof RiskContext, readonly [(value: unknown) => boolean, string]>

/**
 * Checks what an application passes on to Tencent. Throws a `TypeError` that names the field and never its value: it may be of a
 * caller, and it must not get into a log.
 */
export function checkRiskContext(given: unknown): RiskContext | undefined {
  if (given === undefined || given === null) return undefined
  if (typeof given !== 'object') throw wrong('', 'an object')
  const entries = Object.entries(given).filter(([, value]) => value !== undefined)
  for (const [name, value] of entries) {
    const field = Object.hasOwn(fields, name) ? fields[name as keyof typeof fields] : undefined
    if (field === undefined) throw wrong(`.${name}`, `absent: there are ${Object.keys(fields).join(', ')}`)
    if (!field[0](value)) throw wrong(`.${name}`, field[1])
  }
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

function wrong(name: string, expected: string): TypeError {
  return new TypeError(`tencent-captcha-guard: \`riskContext${name}\` must be ${expected}.`)
}
