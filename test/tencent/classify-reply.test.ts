import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mayHaveSpent, type Outcome } from '../../lib/admission/outcome.js'
import { classifyReply } from '../../lib/tencent/classify-reply.js'
import type { UpstreamResult } from '../../lib/tencent/upstream-result.js'
import type { CaptchaChannel } from '../../lib/types.js'

function http(body: string, contentType = 'application/json', status = 200): UpstreamResult {
  return { kind: 'response', status, contentType, body }
}

function answering(response: unknown, channel: CaptchaChannel = 'web'): Outcome {
  return classifyReply(http(JSON.stringify({ Response: response })), channel)
}

/** `verified`, `refused rejected`, `degraded timeout`, … */
function nameOf(reply: Outcome): string {
  if (reply.kind === 'refused') return `refused ${reply.reason}`
  return reply.kind === 'degraded' ? `degraded ${reply.cause}` : reply.kind
}

describe('a reply that is no answer', () => {
  test.each<[UpstreamResult, string]>([
    [{ kind: 'http_status', status: 500 }, 'degraded http_error'],
    [{ kind: 'http_status', status: 302 }, 'degraded http_error'],
    [{ kind: 'unreadable', problem: 'x' }, 'degraded bad_response'],
    [{ kind: 'unreachable', problem: 'ECONNRESET' }, 'degraded unreachable'],
    [{ kind: 'timeout', loopBlocked: false }, 'degraded timeout'],
    [{ kind: 'timeout', loopBlocked: true }, 'degraded timeout'],
    [{ kind: 'timeout', loopBlocked: false, keysLate: true }, 'degraded timeout'],
    [{ kind: 'credential_failed', problem: 'x' }, 'degraded misconfigured'],
    [{ kind: 'local', problem: 'EMFILE' }, 'degraded overloaded'],
    [{ kind: 'credential_unavailable', problem: 'x' }, 'degraded credential_unavailable'],
    [{ kind: 'aborted' }, 'degraded circuit_open'],
    [{ kind: 'bug', error: new Error('x') }, 'bug'],
  ])('%j is %s', (result, expected) => {
    expect(nameOf(classifyReply(result, 'web'))).toBe(expected)
    expect(nameOf(classifyReply(result, 'mini_program'))).toBe(expected)
  })

  /** What came back, whether it is evidence, whether a call was made, whether the ticket may be spent. */
  test.each<[UpstreamResult, boolean, boolean, boolean]>([
    [{ kind: 'timeout', loopBlocked: false }, true, true, true],
    [{ kind: 'timeout', loopBlocked: true }, false, true, true],
    [{ kind: 'unreachable', problem: 'x' }, true, true, true],
    [{ kind: 'http_status', status: 502 }, true, true, true],
    [http('', '', 200), true, true, true],
    [{ kind: 'unreadable', problem: 'x' }, true, true, true],
    [{ kind: 'aborted' }, true, true, true],
    [{ kind: 'timeout', loopBlocked: false, keysLate: true }, false, true, true],
    [{ kind: 'credential_failed', problem: 'x' }, false, false, false],
    [{ kind: 'local', problem: 'EMFILE' }, false, false, false],
    [{ kind: 'retried', retry: { kind: 'local', problem: 'EMFILE' } }, false, true, true],
    [{ kind: 'retried', retry: { kind: 'sdk_result', result: { CaptchaCode: 9 } } }, false, true, true],
    [{ kind: 'retried', retry: { kind: 'timeout', loopBlocked: false } }, true, true, true],
    [{ kind: 'credential_unavailable', problem: 'x' }, false, false, false],
  ])('%j is evidence: %p, was sent: %p, and may have spent the ticket: %p', (result, isEvidence, wasSent, maySpend) => {
    const reply = classifyReply(result, 'web')
    expect(reply).toMatchObject({ kind: 'degraded', isEvidence, wasSent })
    expect(mayHaveSpent(reply)).toBe(maySpend)
  })

  test('keeps the error of a bug', () => {
    const error = new RangeError('x')
    expect(classifyReply({ kind: 'bug', error }, 'web')).toEqual({ kind: 'bug', error })
  })

  test.each(['credential_failed', 'credential_unavailable'] as const)('names what failed: %s', (kind) => {
    expect(classifyReply({ kind, problem: 'p' }, 'web')).toMatchObject({ problem: 'p' })
  })
})

describe('an HTTP answer', () => {
  const verified = '{"Response":{"CaptchaCode":1}}'

  test.each([199, 201, 204, 301, 302, 400, 401, 403, 404, 418, 429, 500, 502, 503, 504, 0])(
    'of status %i is an http_error, whatever its body',
    (status) => {
      expect(nameOf(classifyReply(http(verified, 'application/json', status), 'web'))).toBe('degraded http_error')
    },
  )

  test.each(['text/event-stream', 'text/event-stream; charset=utf-8', 'TEXT/Event-Stream;charset=UTF-8'])(
    'of type %p is a bad response, whatever its body',
    (contentType) => {
      expect(nameOf(classifyReply(http(verified, contentType), 'web'))).toBe('degraded bad_response')
    },
  )

  test.each([
    ...['', 'text/plain', 'text/html; charset=utf-8', 'application/json;charset=gbk'],
    'application/json; profile="text/event-stream"',
  ])('of type %p is judged by its body', (contentType) => {
    expect(nameOf(classifyReply(http(verified, contentType), 'web'))).toBe('verified')
  })

  test.each([
    ...['', ' ', 'null', 'true', '1', '"x"', '[]', '{}', '[{"Response":{"CaptchaCode":1}}]', '<html>502</html>'],
    ...[verified.slice(0, -1), `${verified}x`, `${verified}${verified}`, '\ufeff', 'undefined', '{"Response":null}'],
    ...['{"Response":[]}', '{"Response":"OK"}', '{"Response":1}', '{"Response":true}', '{"Response":{}}'],
    ...['{"Response":[{"CaptchaCode":1}]}', '{"response":{"CaptchaCode":1}}', '{"CaptchaCode":1}'],
    ...['{"__proto__":{"Response":{"CaptchaCode":1}}}', '{"Response":{"__proto__":{"CaptchaCode":1}}}'],
    ...['{"Response":{"RequestId":"r"}}', '{"Response":{"captchaCode":1}}'],
  ])('with the body %j is a bad response', (body) => {
    expect(nameOf(classifyReply(http(body), 'web'))).toBe('degraded bad_response')
  })

  test.each(['"1"', '1e999', '-1e999', 'null', 'true', '[1]', '{"value":1}', '""', '"26"'])(
    'with the CaptchaCode %s, which is no number, is a bad response',
    (captchaCode) => {
      const reply = classifyReply(http(`{"Response":{"CaptchaCode":${captchaCode},"RequestId":"r"}}`), 'web')
      expect(nameOf(reply)).toBe('degraded bad_response')
      expect(reply).toMatchObject({ facts: { requestId: 'r' } })
    },
  )

  test.each(['retcode', 'retmsg', 'anything'])('may have the sibling %s', (name) => {
    const body = JSON.stringify({ Response: { CaptchaCode: 1, CaptchaMsg: 'OK', Unknown: {} }, [name]: 0 })
    expect(nameOf(classifyReply(http(body), 'web'))).toBe('verified')
  })
})

describe('a CaptchaCode in an answer', () => {
  test.each<[CaptchaChannel, number, string]>([
    ['web', 1, 'verified'],
    ['web', 7, 'refused randstr_mismatch'],
    ['web', 8, 'refused ticket_expired'],
    ['web', 9, 'refused ticket_reused'],
    ['web', 15, 'refused ticket_invalid'],
    ['web', 16, 'refused app_mismatch'],
    ['web', 21, 'refused risk_rejected'],
    ['web', 26, 'degraded system_busy'],
    ['web', 31, 'refused rejected'],
    ['web', 100, 'refused app_mismatch'],
    ['web', 12345, 'refused rejected'],
    ['mini_program', 1, 'verified'],
    ['mini_program', 7, 'refused app_mismatch'],
    ['mini_program', 10, 'refused ticket_invalid'],
    ['mini_program', 15, 'refused ticket_invalid'],
    ['mini_program', 25, 'refused ticket_invalid'],
    ['mini_program', 26, 'degraded system_busy'],
    ['mini_program', 31, 'degraded misconfigured'],
    ['mini_program', 12345, 'refused rejected'],
  ])('on %s, %i means %s', (channel, CaptchaCode, expected) => {
    const reply = answering({ CaptchaCode, CaptchaMsg: 'm', RequestId: 'r' }, channel)
    expect(nameOf(reply)).toBe(expected)
    expect(reply).toMatchObject({ facts: { captchaCode: CaptchaCode, captchaMsg: 'm', requestId: 'r' } })
  })

  test.each([100, '100', 101, '1e2', 100.5, '0x64', ' 100 '])(
    '1 with the EvilLevel %p is risk_rejected',
    (EvilLevel) => {
      expect(nameOf(answering({ CaptchaCode: 1, EvilLevel }))).toBe('refused risk_rejected')
      expect(nameOf(answering({ CaptchaCode: 1, EvilLevel }, 'mini_program'))).toBe('refused risk_rejected')
    },
  )

  test('1 with an EvilLevel beyond all numbers is risk_rejected', () => {
    const reply = classifyReply(http('{"Response":{"CaptchaCode":1,"EvilLevel":1e999}}'), 'web')
    expect(nameOf(reply)).toBe('refused risk_rejected')
  })

  test.each([[[]], [[0]], [{}], ['low'], [' '], [true], [false]])(
    '1 with the EvilLevel %j is a bad response',
    (EvilLevel) => {
      const reply = answering({ CaptchaCode: 1, EvilLevel, RequestId: 'r' })
      expect(nameOf(reply)).toBe('degraded bad_response')
      expect(reply).toMatchObject({ facts: { captchaCode: 1, requestId: 'r' } })
      expect(nameOf(answering({ CaptchaCode: 15, EvilLevel }))).toBe('refused ticket_invalid')
      expect(nameOf(classifyReply({ kind: 'sdk_result', result: { CaptchaCode: 1, EvilLevel } }, 'web'))).toBe(
        'degraded bad_response',
      )
    },
  )

  test.each([0, 99, '0', '99', null, undefined, ''])('1 with the EvilLevel %p is verified', (EvilLevel) => {
    expect(nameOf(answering({ CaptchaCode: 1, EvilLevel }))).toBe('verified')
  })

  test('brings every fact that Tencent stated', () => {
    const reply = {
      ...{ CaptchaCode: 1, CaptchaMsg: 'OK', EvilLevel: 0, Score: 12, EvilBitmap: 3, DeviceRiskCategory: 'd' },
      ...{ GetCaptchaTime: 1_713_500_000, SubmitCaptchaTime: 1_713_500_009, RequestId: 'r' },
    }
    const facts = {
      ...{ captchaCode: 1, captchaMsg: 'OK', evilLevel: 0, score: 12, evilBitmap: 3, deviceRiskCategory: 'd' },
      ...{ getCaptchaTime: 1_713_500_000, submitCaptchaTime: 1_713_500_009, requestId: 'r' },
    }
    expect(answering(reply)).toStrictEqual({ kind: 'verified', facts })
  })

  test('brings the facts of the declared types only', () => {
    const reply = {
      CaptchaCode: 1,
      CaptchaMsg: 5,
      EvilLevel: null,
      Score: '12',
      DeviceRiskCategory: 7,
      RequestId: null,
    }
    expect(answering(reply)).toStrictEqual({ kind: 'verified', facts: { captchaCode: 1, score: 12 } })
  })
})

describe('an answer to a request that was sent twice', () => {
  test.each([
    [1, 'verified'],
    [8, 'refused ticket_expired'],
    [9, 'degraded unreachable'],
    [15, 'refused ticket_invalid'],
  ])('with code %i is %s: the first one may have spent the ticket', (CaptchaCode, expected) => {
    for (const channel of ['web', 'mini_program'] as const) {
      const retry: UpstreamResult = { kind: 'sdk_result', result: { CaptchaCode } }
      const reply = classifyReply({ kind: 'retried', retry }, channel)
      expect(nameOf(reply)).toBe(expected)
      expect(reply).toMatchObject({ facts: { captchaCode: CaptchaCode } })
    }
  })
})

describe('an Error in an answer', () => {
  test.each([
    ['InternalError', 'degraded internal_error'],
    ['InternalError.X', 'degraded internal_error'],
    ['InternalServerError', 'degraded internal_error'],
    ['ServiceUnavailable', 'degraded internal_error'],
    ['ResourceUnavailable', 'degraded internal_error'],
    ['RequestLimitExceeded', 'degraded throttled'],
    ['RequestLimitExceeded.UinLimitExceeded', 'degraded throttled'],
    ['LimitExceeded', 'degraded throttled'],
    ['AuthFailure.SignatureFailure', 'degraded misconfigured'],
    ['UnauthorizedOperation.Unauthorized', 'degraded misconfigured'],
    ['MissingParameter', 'refused rejected'],
    ['InternalErrorX', 'refused rejected'],
    ['', 'refused rejected'],
  ])('%s means %s, by HTTP and through an SDK client alike', (Code, expected) => {
    const reply = answering({ Error: { Code, Message: 'm' }, RequestId: 'r' })
    expect(nameOf(reply)).toBe(expected)
    expect(reply).toMatchObject({ facts: { errorCode: Code, requestId: 'r' } })
    expect(classifyReply({ kind: 'sdk_api_error', errorCode: Code, requestId: 'r' }, 'web')).toEqual(reply)
  })

  test.each([
    {},
    { Message: 'm' },
    { Code: 5 },
    { Code: null },
    { Code: ['InternalError'] },
    'InternalError',
    [],
    5,
    false,
    '',
  ])('%j has no Code and is a bad response', (error) => {
    const reply = answering({ Error: error, CaptchaCode: 1, RequestId: 'r' })
    expect(nameOf(reply)).toBe('degraded bad_response')
    expect(reply).toMatchObject({ facts: { requestId: 'r' } })
  })

  test('through an SDK client without a RequestId brings none', () => {
    const reply = classifyReply({ kind: 'sdk_api_error', errorCode: 'InternalError', requestId: undefined }, 'web')
    expect(reply).toMatchObject({ facts: { errorCode: 'InternalError' } })
    expect(reply).not.toHaveProperty('facts.requestId')
  })

  test('outweighs a CaptchaCode beside it', () => {
    expect(nameOf(answering({ Error: { Code: 'FailedOperation' }, CaptchaCode: 1 }))).toBe('refused rejected')
    expect(nameOf(answering({ Error: { Code: 'InternalError' }, CaptchaCode: 1 }))).toBe('degraded internal_error')
  })

  test('that is null is none', () => {
    expect(nameOf(answering({ Error: null, CaptchaCode: 1 }))).toBe('verified')
  })
})

describe('what an SDK client resolved to', () => {
  test.each([
    undefined,
    null,
    'x',
    1,
    [],
    {},
    [{ CaptchaCode: 1 }],
    { Response: { CaptchaCode: 1 } },
    { CaptchaCode: '1' },
  ])('%j is a bad response', (result) => {
    expect(nameOf(classifyReply({ kind: 'sdk_result', result }, 'web'))).toBe('degraded bad_response')
  })

  test('whose member throws when it is read is a bug, as a client that throws is', () => {
    const thrown = new Error('a getter')
    const result = Object.defineProperty({}, 'CaptchaCode', {
      get() {
        throw thrown
      },
    })
    expect(classifyReply({ kind: 'sdk_result', result }, 'web')).toEqual({ kind: 'bug', error: thrown })
  })

  test.each([
    [{ CaptchaCode: 1 }, 'verified'],
    [{ CaptchaCode: 1, EvilLevel: 100 }, 'refused risk_rejected'],
    [{ CaptchaCode: 26 }, 'degraded system_busy'],
    [{ CaptchaCode: Number.NaN }, 'degraded bad_response'],
    [{ CaptchaCode: 1n }, 'degraded bad_response'],
    [{ Error: { Code: 'InternalError' } }, 'degraded internal_error'],
  ])('%p means %s', (result, expected) => {
    expect(nameOf(classifyReply({ kind: 'sdk_result', result }, 'web'))).toBe(expected)
  })
})

describe('whatever comes back', () => {
  const channel = fc.constantFrom<CaptchaChannel>('web', 'mini_program')
  const value = fc.oneof(
    fc.constantFrom(1, '1', 100, '100', 26, 0, null, true, 1.5, 99),
    fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>,
  )
  const response = fc.record(
    { CaptchaCode: value, EvilLevel: value, Error: value, Score: value, CaptchaMsg: value, RequestId: value },
    { requiredKeys: [] },
  )
  const contentType = fc.constantFrom('application/json', 'text/event-stream', '', 'text/html')
  const status = fc.constantFrom(200, 200, 200, 201, 302, 500)

  function saysVerified({ CaptchaCode, EvilLevel }: { CaptchaCode?: unknown; EvilLevel?: unknown }): boolean {
    if (EvilLevel === undefined || EvilLevel === null || EvilLevel === '') return CaptchaCode === 1
    const evilLevel = typeof EvilLevel === 'string' ? Number(EvilLevel) : EvilLevel
    return CaptchaCode === 1 && typeof evilLevel === 'number' && evilLevel < 100
  }

  test('no body makes it throw, and none but a JSON object is verified', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.json()),
        contentType,
        status,
        channel,
        (body, type, code, where) => {
          expect(nameOf(classifyReply(http(body, type, code), where))).toMatch(/^degraded (bad_response|http_error)$/)
        },
      ),
    )
  })

  test('only the number 1 without a malicious EvilLevel is verified', () => {
    fc.assert(
      fc.property(response, contentType, status, channel, (Response, type, code, where) => {
        const reply = classifyReply(http(JSON.stringify({ Response, retcode: 0 }), type, code), where)
        if (reply.kind !== 'verified') return
        expect(saysVerified(Response)).toBe(true)
        expect([code, type]).not.toEqual([200, 'text/event-stream'])
        expect(code).toBe(200)
      }),
      { numRuns: 1000 },
    )
  })

  test('anything at all from an SDK client is judged without an exception', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), channel, (result, where) => {
        expect(classifyReply({ kind: 'sdk_result', result }, where).kind).not.toBe('verified')
      }),
    )
  })
})
