import { execFileSync } from 'node:child_process'
import { describe } from '@jest/globals'

/** What promtool says; throws with it where it finds fault. */
export function promtool(...args: readonly string[]): string {
  try {
    return execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    throw new Error(`${stdout}${stderr}` || String(error))
  }
}

function isInstalled(): boolean {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** `describe` where promtool is installed, `describe.skip` elsewhere; throws where it has to be (`CI=true`). */
export function describeWithPromtool(): typeof describe | typeof describe.skip {
  if (isInstalled()) return describe
  if (process.env.CI === 'true') throw new Error('promtool is missing; get it with `apt-get install prometheus`')
  return describe.skip
}
