import type { CaptchaLogger } from '../../lib/types.js'

export interface Line {
  readonly level: keyof CaptchaLogger
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** A logger that keeps its lines. */
export function recordingLogger(): CaptchaLogger & { readonly lines: Line[] } {
  const lines: Line[] = []
  const write = (level: keyof CaptchaLogger) => (fields: object, message: string) => {
    lines.push({ level, message, fields: { ...fields } })
  }
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
