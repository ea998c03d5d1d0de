import type { IncomingMessage } from 'node:http'
import { describe, expect, jest, test } from '@jest/globals'
import { pino } from 'pino'
import { chooseLogger } from '../../lib/report/choose-logger.js'
import type { CaptchaLogger } from '../../lib/types.js'
import { loggerThat, recordingLogger, unhandledRejectionsDuring } from './lines.js'

function requestWith(log?: unknown): IncomingMessage {
  return { log } as unknown as IncomingMessage
}

const levels = ['debug', 'info', 'warn', 'error'] as const

function writeAll(logger: CaptchaLogger): void {
  for (const level of levels) logger[level]({ at: level }, 'message')
}

describe('the logger', () => {
  test('is the one of the options, before req.log', () => {
    const [own, reqLog] = [recordingLogger(), recordingLogger()]
    const choice = chooseLogger(own)
    writeAll(choice.of(requestWith(reqLog)))
    writeAll(choice.base)
    expect(own.lines.map(({ level }) => level)).toEqual([...levels, ...levels])
    expect(reqLog.lines).toEqual([])
  })

  test('is req.log where the options name none, with the object first', () => {
    const reqLog = recordingLogger()
    writeAll(chooseLogger(undefined).of(requestWith(reqLog)))
    expect(reqLog.lines).toEqual(levels.map((level) => ({ level, message: 'message', fields: { at: level } })))
  })

  test.each([undefined, null, 'x', 5, {}, { info() {} }, { ...recordingLogger(), warn: 'x' }])(
    'is the base logger where req.log is %p',
    (log) => {
      const choice = chooseLogger(undefined)
      expect(choice.of(requestWith(log))).toBe(choice.base)
    },
  )

  test('is called as a method, so that a logger may use this', () => {
    class Logger {
      readonly written: string[] = []
      debug(_: object, message: string): void {
        this.written.push(message)
      }
      info = this.debug
      warn = this.debug
      error = this.debug
    }
    const logger = new Logger()
    writeAll(chooseLogger(logger).base)
    expect(logger.written).toHaveLength(4)
  })

  test('may be pino itself', () => {
    const written: string[] = []
    const logger = pino({ level: 'debug' }, { write: (line: string) => written.push(line) })
    writeAll(chooseLogger(logger).base)
    expect(written.map((line) => JSON.parse(line))).toMatchObject(
      levels.map((level) => ({ level: pino.levels.values[level], msg: 'message' })),
    )
  })

  test('that is false writes nothing, not even to req.log', () => {
    const reqLog = recordingLogger()
    const choice = chooseLogger(false)
    writeAll(choice.base)
    writeAll(choice.of(requestWith(reqLog)))
    expect(reqLog.lines).toEqual([])
  })

  test('that throws changes nothing', () => {
    const fail = jest.fn(() => {
      throw new Error('disk full')
    })
    const broken = loggerThat(fail)
    writeAll(chooseLogger(broken).base)
    writeAll(chooseLogger(undefined).of(requestWith(broken)))
    expect(fail).toHaveBeenCalledTimes(8)
  })

  test('that rejects changes nothing, and ends no process', async () => {
    const fail = jest.fn(async () => {
      throw new Error('disk full')
    })
    const broken = loggerThat(fail)
    const unhandled = await unhandledRejectionsDuring(() => {
      writeAll(chooseLogger(broken).base)
      writeAll(chooseLogger(undefined).of(requestWith(broken)))
    })
    expect(fail).toHaveBeenCalledTimes(8)
    expect(unhandled).toEqual([])
  })
})

describe('a level', () => {
  const enabledOf = (logger: CaptchaLogger | false) => {
    const { base } = chooseLogger(logger)
    return levels.filter((level) => base.writes(level))
  }

  test('is written by a logger that does not say what it leaves out', () => {
    expect(enabledOf(recordingLogger())).toEqual([...levels])
  })

  test.each([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['silent', []],
  ])('is left out as pino at %s leaves it out', (level, written) => {
    expect(enabledOf(pino({ level }))).toEqual(written)
  })

  test('follows pino’s level as it changes', () => {
    const logger = pino({ level: 'error' })
    const { base } = chooseLogger(logger)
    expect(base.writes('info')).toBe(false)
    logger.level = 'info'
    expect(base.writes('info')).toBe(true)
  })

  test('is not written without a logger', () => {
    expect(enabledOf(false)).toEqual([])
  })

  test.each<[string, unknown]>([
    [
      'throws',
      () => {
        throw new Error('no such level')
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no such level')
      },
    ],
    ['returns nothing', () => {}],
    ['is no function', true],
  ])('is written where the logger’s isLevelEnabled %s', async (_, isLevelEnabled) => {
    const unhandled = await unhandledRejectionsDuring(() => {
      expect(enabledOf({ ...recordingLogger(), isLevelEnabled } as CaptchaLogger)).toEqual([...levels])
    })
    expect(unhandled).toEqual([])
  })

  test('is asked of the logger as a method', () => {
    class Logger {
      readonly least = 'warn'
      debug(): void {}
      info(): void {}
      warn(): void {}
      error(): void {}
      isLevelEnabled(level: string): boolean {
        return level === this.least
      }
    }
    expect(enabledOf(new Logger())).toEqual(['warn'])
  })
})
