import { createHash } from 'node:crypto'
import { luaPrelude } from './scripts/prelude.js'

/** A script and the digest that Redis knows it by. */
export interface LuaScript {
  readonly source: string
  readonly sha1: string
}

/** Puts the common part before a script's own body. */
export function luaScript(body: string): LuaScript {
  const source = `${luaPrelude}${body}`
  return Object.freeze({ source, sha1: createHash('sha1').update(source).digest('hex') })
}
