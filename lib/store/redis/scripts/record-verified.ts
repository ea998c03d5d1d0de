import { luaScript } from '../lua-script.js'

/**
 * Notes a verified pass of a client and, where there is one, marks its ticket, unless that has passed already. The same pass
 * is recorded again: a client that reconnects may send it twice.
 */
export const recordVerifiedScript = luaScript(`
local historyKey, ticketKey, replayMs = KEYS[1], KEYS[2], ARGV[1]
if ticketKey then
  local own = 'verified:' .. ARGV[2]
  local mark = markOf(ticketKey)
  if mark and mark ~= own then return answer('replayed') end
  redis.call('SET', ticketKey, own, 'PX', replayMs)
end
noteVerified(historyKey)
return answer('recorded')
`)
