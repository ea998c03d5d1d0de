import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'

/** Who may see the status page and the metrics, and change the override. */
export interface Operators {
  /** Asks for a name and the password (HTTP Basic, RFC 7617). */
  readonly login: RequestHandler
  /** The name of a request's operator, which the log shows beside an override; `false` for anybody else. */
  nameOf(req: IncomingMessage): string | false
}

/** One password for all operators. A real site has its own accounts here. */
export function operators(password: string): Operators {
  const expected = digest(password)

  function nameOf({ headers: { authorization = '' } }: IncomingMessage): string | false {
    const [, encoded = ''] = /^Basic (\S+)$/i.exec(authorization) ?? []
    const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
    return name !== '' && timingSafeEqual(digest(rest.join(':')), expected) && name
  }

  return {
    nameOf,
    login: function operatorLogin(req, res, next) {
      if (nameOf(req)) return next()
      res.set('WWW-Authenticate', 'Basic realm="operators", charset="UTF-8"')
      res.status(401).json({ title: res.locals.say('Please log in', '请登录'), status: 401 })
    },
  }
}

/** Digests have one length, which the comparison needs, and which says nothing about the password's. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
