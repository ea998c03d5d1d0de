import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

export const isChromiumHere = existsSync(executablePath)

/** Without a browser the tests are skipped with a hint how to get one; on CI they run, and fail. */
export const mayRun = isChromiumHere || process.env.CI === 'true'

export const chromiumHint = `${executablePath} is missing. Get it with \`apt-get install chromium\`, or set CHROMIUM_PATH.`

export async function launchChromium(): Promise<Browser> {
  if (!isChromiumHere) throw new Error(chromiumHint)
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
