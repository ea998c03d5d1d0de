import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WebSocket } from 'undici'

const executablePath = process.env.FIREFOX_PATH ?? '/usr/bin/firefox-esr'
/** On CI a missing browser must fail. */
export const mayRunFirefox = existsSync(executablePath) || process.env.CI === 'true'

/** Calls to Mozilla's servers are none of the tests' business. */
const quiet = [
  'app.update.enabled',
  'browser.safebrowsing.malware.enabled',
  'browser.safebrowsing.phishing.enabled',
  'browser.shell.checkDefaultBrowser',
  'datareporting.policy.dataSubmissionEnabled',
  'extensions.update.enabled',
  'network.captive-portal-service.enabled',
  'network.connectivity-service.enabled',
  'services.settings.server.enabled',
  'toolkit.telemetry.enabled',
]

/** A tab of Debian's Firefox, driven by WebDriver BiDi over its own socket: no driver is needed beside the browser. */
export type FirefoxTab = {
  goto(url: string): Promise<void>
  /** Runs a function in the page; argument and result are JSON. Resolves to what its promise does. */
  run<Given, Result>(fn: (given: Given) => Result, given?: Given): Promise<Awaited<Result>>
  /** Resolves when the function is true in the page, also across navigations. */
  until(fn: () => unknown): Promise<void>
  /** Types keys as a user does, to what has the focus. */
  press(key: string): Promise<void>
  /** Exceptions of pages and console errors, of this tab. */
  errors: string[]
}

export type Firefox = { newTab(): Promise<FirefoxTab>; close(): Promise<void> }

export async function launchFirefox(): Promise<Firefox> {
  const profile = await mkdtemp(join(tmpdir(), 'captcha-guard-firefox-'))
  await writeFile(join(profile, 'user.js'), quiet.map((name) => `user_pref('${name}', false);\n`).join(''))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0', 'about:blank']
  const browser = spawn(executablePath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  const { send, listeners, close } = await connect(await bidiUrl(browser))
  await send('session.new', { capabilities: {} })
  await send('session.subscribe', { events: ['log.entryAdded'] })

  return {
    async newTab() {
      const { context } = (await send('browsingContext.create', { type: 'tab' })) as { context: string }
      const errors: string[] = []
      listeners.push(({ level, text, source }) => {
        if (level === 'error' && source?.context === context) errors.push(`${text}`)
      })
      const evaluate = async (expression: string) => {
        const given = {
          expression: `Promise.resolve(${expression}).then((value) => JSON.stringify(value))`,
          awaitPromise: true,
        }
        const answer = (await send('script.evaluate', { ...given, target: { context } })) as {
          exceptionDetails?: { text: string }
          result?: { value?: string }
        }
        if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.text)
        return answer.result?.value === undefined ? undefined : JSON.parse(answer.result.value)
      }
      const tab: FirefoxTab = {
        errors,
        async goto(url) {
          await send('browsingContext.navigate', { context, url, wait: 'complete' })
        },
        run: (fn, given) => evaluate(`(${fn})(${JSON.stringify(given)})`),
        async until(fn) {
          const deadline = Date.now() + 8000
          // A navigation ends a call that waits in the page.
          while (!(await evaluate(`Boolean((${fn})())`).catch(() => false))) {
            if (Date.now() > deadline) throw new Error(`not within 8 s: ${fn}`)
            await new Promise((resolve) => setTimeout(resolve, 20))
          }
        },
        async press(value) {
          const actions = ['keyDown', 'keyUp'].map((type) => ({ type, value }))
          await send('input.performActions', { context, actions: [{ type: 'key', id: 'keyboard', actions }] })
        },
      }
      return tab
    },
    async close() {
      close()
      const exit = browser.exitCode === null ? once(browser, 'exit') : undefined
      browser.kill('SIGKILL')
      await exit
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function bidiUrl(browser: ChildProcess): Promise<string> {
  let output = ''
  for await (const chunk of browser.stderr ?? []) {
    output += chunk
    const url = /WebDriver BiDi listening on (ws:\S+)/.exec(output)?.[1]
    if (url) return `${url}/session`
  }
  throw new Error(`Firefox did not open its socket:\n${output}`)
}

type LogEntry = { level?: string; text?: string; source?: { context?: string } }

async function connect(url: string) {
  const socket = new WebSocket(url)
  const waiting = new Map<number, (message: { result?: unknown; error?: string; message?: string }) => void>()
  const listeners: ((entry: LogEntry) => void)[] = []
  let lastId = 0
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data))
    if (message.method === 'log.entryAdded') for (const listener of listeners) listener(message.params)
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', reject)
  })
  const send = (method: string, params: object) =>
    new Promise<unknown>((resolve, reject) => {
      const id = ++lastId
      waiting.set(id, ({ result, error, message }) =>
        error ? reject(new Error(`${error}: ${message}`)) : resolve(result),
      )
      socket.send(JSON.stringify({ id, method, params }))
    })
  return { send, listeners, close: () => socket.close() }
}
