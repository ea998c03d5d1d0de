import { luaScript } from '../lua-script.js'

/** Undoes one claim and no other: what a later claim holds stays. */
export const releaseScript = luaScript(`
local passesKey, ticketKey, claimId = KEYS[1], KEYS[2], ARGV[1]
if holds('passes', passesKey, 'zset') then redis.call('ZREM', passesKey, claimId) end
if ticketKey and holds('ticket', ticketKey, 'string') and redis.call('GET', ticketKey) == 'claim:' .. claimId then
  redis.call('DEL', ticketKey)
end
return answer('released')
`)
