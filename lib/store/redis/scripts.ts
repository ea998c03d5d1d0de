import { createHash } from 'node:crypto'
import claim from './claim.lua'
import heartbeat from './heartbeat.lua'
import prelude from './prelude.lua'
import publishStatus from './publish-status.lua'
import readHistory from './read-history.lua'
import readStatuses from './read-statuses.lua'
import recordVerified from './record-verified.lua'
import release from './release.lua'
import setOverride from './set-override.lua'

/** A script and the digest that Redis knows it by. */
export interface LuaScript {
  readonly source: string
  readonly sha1: string
}

/** The script of each operation: the common beginning and its own body. */
export const scripts = Object.freeze({
  claim: luaScript(claim),
  heartbeat: luaScript(heartbeat),
  publishStatus: luaScript(publishStatus),
  readHistory: luaScript(readHistory),
  readStatuses: luaScript(readStatuses),
  recordVerified: luaScript(recordVerified),
  release: luaScript(release),
  setOverride: luaScript(setOverride),
})

function luaScript(body: string): LuaScript {
  const source = `${prelude}\n${body}`
  return Object.freeze({ source, sha1: createHash('sha1').update(source).digest('hex') })
}
