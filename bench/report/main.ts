// Generates a log (1 GB unless told otherwise), runs the built `report` on it as a process of its own, and compares figures,
// time and memory. Usage: npm run bench:report [-- <megabytes>]
import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { LogReport } from '../../lib/cli/outage-report/build-report.js'
import { differences } from './compare.js'
import { generateLog, noFigures } from './generated-log.js'

const megabytes = Number(process.argv[2] ?? 1000)
const targetSecondsPerGigabyte = 30
const targetMegabytes = 150

interface Run {
  readonly report: LogReport
  readonly seconds: number
  readonly peakMegabytes: number
}

/** Runs the command with its peak of resident memory written to stderr at its end. */
function runReport(path: string): Promise<Run> {
  const tellPeak = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`
  const loader = `data:text/javascript,${encodeURIComponent(tellPeak)}`
  const startedMs = performance.now()
  const child = spawn(process.execPath, ['--import', loader, 'dist/cjs/cli/main.js', 'report', '--json', path])
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      const peakKilobytes = /peak (\d+)/.exec(err)?.[1]
      if (code !== 0 || peakKilobytes === undefined) return reject(new Error(`report ended with ${code}: ${err}`))
      resolve({
        report: JSON.parse(out),
        seconds: (performance.now() - startedMs) / 1000,
        peakMegabytes: Number(peakKilobytes) / 1024,
      })
    })
  })
}

const folder = await mkdtemp(join(tmpdir(), 'captcha-report-'))
try {
  const path = join(folder, 'app.log')
  const known = noFigures()
  await pipeline(Readable.from(generateLog({ bytes: megabytes * 1e6 }, known)), createWriteStream(path))
  const { size } = await stat(path)
  const { report, seconds, peakMegabytes } = await runReport(path)
  const wrong = differences(report, known)
  console.log(`log        ${(size / 1e6).toFixed(0)} MB, ${known.lines} lines, ${known.captchaLines} of the guard`)
  console.log(`time       ${seconds.toFixed(1)} s (target ${((targetSecondsPerGigabyte * size) / 1e9).toFixed(1)} s)`)
  console.log(`memory     ${peakMegabytes.toFixed(0)} MB at most (target ${targetMegabytes} MB)`)
  console.log(`figures    ${wrong.length === 0 ? 'as generated' : `wrong:\n  ${wrong.slice(0, 20).join('\n  ')}`}`)
  const isFast = seconds <= (targetSecondsPerGigabyte * size) / 1e9
  process.exitCode = wrong.length === 0 && isFast && peakMegabytes <= targetMegabytes ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
