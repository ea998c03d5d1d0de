import type { ScriptFault } from './script-fault.js'

export function tjCaptchaScript(options: { readonly origin: string; readonly fault: ScriptFault | null }): string {
  return `/* ${JSON.stringify(options)} */`
}
