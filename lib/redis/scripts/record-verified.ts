import { luaScript } from '../lua-script.js'

/** Notes a verified pass of a client and, where there is one, marks its ticket. */
export const recordVerifiedScript = luaScript(`
local historyKey, ticketKey, replayMs = KEYS[1], KEYS[2], ARGV[1]
noteVerified(historyKey)
if ticketKey then redis.call('SET', ticketKey, 'verified', 'PX', replayMs) end
return answer('recorded')
`)
