import { stat } from 'node:fs/promises'
import { type Command, parseCommandArgs, UsageError } from './command.js'
import { buildReport, type LogReport, type ReadResult } from './outage-report/build-report.js'
import { readCaptchaLine } from './outage-report/captcha-line.js'
import { LineScanner } from './outage-report/line-scanner.js'
import { LogTally } from './outage-report/log-tally.js'
import { Progress } from './outage-report/progress.js'
import { readLog } from './outage-report/read-log.js'
import { reportCsv } from './outage-report/report-csv.js'
import { reportHtml } from './outage-report/report-html.js'
import { reportText } from './outage-report/report-text.js'

const usage = `Usage: tencent-captcha-guard report [options] <log files, or - for standard input>

Sums up what the guard logged: each outage with its causes, passes, refusals, waits, limits and late verdicts, and how many
passes were bots. Reads the JSON lines of pino and pino-http, gzipped or not, in any order, of several processes.

Options:
  --json      the whole report as JSON, a row for each minute included
  --csv       one row for each outage
  --html      one page with charts, in English and Chinese, without external parts
  -h, --help  this text

Times are in the time zone of this machine; TZ=UTC changes it.
`

const optionTypes = { json: { type: 'boolean' }, csv: { type: 'boolean' }, html: { type: 'boolean' } } as const

const formats = {
  json: (report: LogReport) => `${JSON.stringify(report, null, 2)}\n`,
  csv: reportCsv,
  html: (report: LogReport) => reportHtml(report),
  text: reportText,
} as const

function readArguments(args: readonly string[]) {
  const { values, positionals } = parseCommandArgs(args, optionTypes, true)
  const chosen = (['json', 'csv', 'html'] as const).filter((format) => values[format])
  if (chosen.length > 1) throw new UsageError(`--${chosen.join(' and --')} exclude each other; give one of them.`)
  if (positionals.length === 0) throw new UsageError('No log file is given; name one, or - for standard input.')
  if (new Set(positionals).size < positionals.length) throw new UsageError('A log file is given twice; name each once.')
  return { format: chosen[0] ?? ('text' as const), paths: positionals }
}

/** Size of all files. Rejects for one that cannot be read, before the first is. */
async function totalBytes(paths: readonly string[]): Promise<number | undefined> {
  let sum = 0
  for (const path of paths.filter((each) => each !== '-')) {
    const found = await stat(path).catch(({ code }: NodeJS.ErrnoException) => {
      throw new Error(`${path} cannot be read: ${code}`)
    })
    if (found.isDirectory()) throw new Error(`${path} is a directory; name the files in it.`)
    sum += found.size
  }
  return paths.includes('-') ? undefined : sum
}

/** False for a broken line. Values that have no text, or are nested too deep, throw: that must not end the file. */
function isCounted(text: string, tally: LogTally): boolean {
  try {
    const line = readCaptchaLine(text)
    return line === 'other' || (line !== 'broken' && tally.add(line))
  } catch {
    return false
  }
}

async function readAll(paths: readonly string[], tally: LogTally, progress: Progress): Promise<ReadResult> {
  let broken = 0
  const scanner = new LineScanner((text) => {
    if (!isCounted(text, tally)) broken++
  })
  const damagedFiles: string[] = []
  for (const path of paths) {
    try {
      for await (const chunk of readLog(path, (bytes) => progress.add(bytes))) scanner.push(chunk)
    } catch (error) {
      damagedFiles.push(`${path}: ${(error as Error).message}`)
    }
    scanner.end()
  }
  const { counts } = scanner
  return { lines: counts.lines, broken: counts.broken + broken, damagedFiles }
}

/** Resolves when everything is written, or when the reader has gone (`report … | head`). */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EPIPE' ? resolve() : reject(error)))
    process.stdout.write(text, () => resolve())
  })
}

async function run(args: readonly string[]): Promise<number> {
  const { format, paths } = readArguments(args)
  const progress = new Progress(process.stderr, await totalBytes(paths))
  const tally = new LogTally()
  const read = await readAll(paths, tally, progress)
  progress.end()
  await write(formats[format](buildReport(tally, read)))
  for (const file of read.damagedFiles)
    process.stderr.write(`tencent-captcha-guard report: not read to the end: ${file}\n`)
  return read.damagedFiles.length > 0 ? 1 : 0
}

/** `tencent-captcha-guard report`: sums up the guard's log lines, outage by outage. */
export const report: Command = {
  name: 'report',
  summary: 'sum up from log files what happened in each outage',
  usage,
  run,
}
