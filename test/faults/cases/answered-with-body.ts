import type { Expected, Text } from '../fault-case.js'
import { answered, lengthOf } from './answered.js'

/** A server that answers 200 with this body. */
export const answeredWithBody = (
  id: string,
  fault: Text,
  made: Text,
  bytes: string | Buffer,
  expected: Expected,
  ...headers: string[]
) =>
  answered(
    id,
    fault,
    made,
    (exchange) =>
      exchange.write(
        Buffer.concat([
          Buffer.from(
            `HTTP/1.1 200 OK\r\n${(headers.length > 0 ? headers : ['Content-Type: application/json']).map((line) => `${line}\r\n`).join('')}${lengthOf(bytes)}`,
          ),
          Buffer.from(bytes),
        ]),
      ),
    expected,
  )
