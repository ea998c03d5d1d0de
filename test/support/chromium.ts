import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'

const isChromiumHere = existsSync(executablePath)

/** Without a browser the tests are skipped with a hint how to get one; on CI they run, and fail. */
export const mayRun = isChromiumHere || process.env.CI === 'true'

export const chromiumHint = `${executablePath} is missing. Get it with \`apt-get install chromium\`, or set CHROMIUM_PATH.`

/** Chromium's address bar draws its suggestions as pages of its own, in a process that costs each new window half a second of a core. */
const costOfEachWindow = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup', 'SpareRendererForSitePerProcess']

/** What Playwright turns off: of several `--disable-features` Chromium obeys the last alone. */
const offByPlaywright = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
]

/** @param launchOptions `ignoreDefaultArgs`: arguments of Playwright's that a test does without */
export async function launchChromium(launchOptions: { ignoreDefaultArgs?: string[] } = {}): Promise<Browser> {
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
      `--disable-features=${[...offByPlaywright, ...costOfEachWindow].join()}`,
    ],
    ...launchOptions,
  })
}
