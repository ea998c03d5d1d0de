import { lastEpochMs } from '../../clock.js'

type Fields = Readonly<Record<string, unknown>>

/** One log line of the guard. */
export interface CaptchaLine {
  readonly event: string
  /** Milliseconds since 1970. */
  readonly atMs: number
  /** Host name and process id. */
  readonly process: string
  readonly fields: Fields
}

/** Objects that pino-http and pino fill with what a caller sent: an `event` in them is no event. */
const foreignKeys = new Set(['req', 'res', 'err', 'request', 'response', 'headers', 'query', 'params', 'body'])

/**
 * Reads a line that mentions a `captcha_` event: pino's, whose fields may lie under one key (`nestedKey`), behind a prefix
 * (container logs), or as text in Docker's `log`. Returns `'other'` for a line of another program or event, `'broken'` for one
 * that is no JSON or has no time.
 */
export function readCaptchaLine(text: string): CaptchaLine | 'broken' | 'other' {
  const start = text.indexOf('{')
  const outer = start < 0 ? undefined : parseObject(start === 0 ? text : text.slice(start))
  if (outer === undefined) return 'broken'
  const line = isDockerLine(outer) ? parseObject(outer.log) : outer
  if (line === undefined) return 'broken'
  const fields = eventFields(line)
  if (fields === undefined) return 'other'
  const atMs = timeOf(line) ?? timeOf(outer)
  if (atMs === undefined) return 'broken'
  return { event: fields.event, atMs, process: `${line.hostname ?? ''}/${line.pid ?? ''}`, fields }
}

function isDockerLine(line: Fields): line is Fields & { readonly log: string } {
  return typeof line.log === 'string' && (line.stream === 'stdout' || line.stream === 'stderr')
}

function eventFields(line: Fields): (Fields & { readonly event: string }) | undefined {
  if (isEvent(line)) return line
  for (const key in line) {
    const value = line[key]
    if (isObject(value) && !foreignKeys.has(key) && isEvent(value)) return value
  }
  return undefined
}

function isEvent(fields: Fields): fields is Fields & { readonly event: string } {
  return typeof fields.event === 'string' && fields.event.startsWith('captcha_')
}

/** Seconds have ten digits until 2286, milliseconds had more since 1973. */
const firstMilliseconds = 1e11

/** pino's `time` in milliseconds, seconds or ISO 8601; other names are those of log shippers. */
function timeOf({ time, timestamp, '@timestamp': shipped }: Fields): number | undefined {
  const value = time ?? timestamp ?? shipped
  const number = typeof value === 'string' ? Date.parse(value) : value
  if (typeof number !== 'number' || !(number > 0 && number <= lastEpochMs)) return undefined
  return number < firstMilliseconds ? number * 1000 : number
}

function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
