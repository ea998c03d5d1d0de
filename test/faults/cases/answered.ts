import type { Expected, FaultCase, PlainClient, Text } from '../fault-case.js'
import type { Behaviour, Exchange } from '../faulty-server.js'
import type { Lab } from '../lab.js'

/** What a row may have beside. */
interface Extra {
  readonly plain?: PlainClient
  readonly also?: (lab: Lab) => void
}

/** A server that answers each request so. */
export const answered = (
  id: string,
  fault: Text,
  made: Text,
  respond: (exchange: Exchange) => unknown,
  expected: Expected,
  extra: Extra = {},
): FaultCase => served(id, fault, made, { respond }, expected, extra)

/** A server that behaves so. */
export const served = (
  id: string,
  fault: Text,
  made: Text,
  behaviour: Behaviour,
  expected: Expected,
  extra: Extra = {},
): FaultCase => ({
  id,
  fault,
  made,
  make: async (lab) => ({ endpoint: (await lab.serve(behaviour)).url }),
  expected,
  ...extra,
})

/** The head of an answer, up to its length. */
export const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'

/** Announces the length of a body, or more, and ends the head. */
export const lengthOf = (body: string | Buffer, more = 0) => `Content-Length: ${Buffer.byteLength(body) + more}\r\n\r\n`

/** Long enough for what was written before to have been read. */
const settleMs = 30

/** Runs something once what was written has been read. */
export const afterwards = (run: () => void) => setTimeout(run, settleMs)
