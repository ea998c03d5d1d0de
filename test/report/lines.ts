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

/** A logger of which every level does the same. */
export function loggerThat(act: () => unknown): CaptchaLogger {
  return { debug: act, info: act, warn: act, error: act }
}

/** Rejections that nothing handled while `run` ran, and in the two rounds of the event loop after it. */
export async function unhandledRejectionsDuring(run: () => unknown): Promise<unknown[]> {
  const unhandled: unknown[] = []
  const listen = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', listen)
  try {
    await run()
    for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve))
  } finally {
    process.off('unhandledRejection', listen)
  }
  return unhandled
}
