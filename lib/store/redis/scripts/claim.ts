import { luaScript } from '../lua-script.js'

/**
 * Replay, history, limit, then taking and marking, all or nothing. A claim that was granted already is granted again: a
 * client that reconnects may send it twice.
 */
export const claimScript = luaScript(`
local historyKey, passesKey, ticketKey = KEYS[1], KEYS[2], KEYS[3]
local claimId, windowMs, ownRateFactor = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4])
local limit, requireKnown, replayMs = tonumber(ARGV[2]), ARGV[5] == '1', tonumber(ARGV[6])

local hasPasses = holds('passes', passesKey, 'zset')
local isHeld = hasPasses and redis.call('ZSCORE', passesKey, claimId)
if ticketKey and not isHeld and markOf(ticketKey) then return answer('replayed') end

local perMinute = perMinuteOf(historyKey)
if isHeld then return answer('granted', exact(perMinute)) end
if requireKnown and not perMinute then return answer('unknown_client') end
if perMinute and limit > 0 then
  limit = math.max(limit, math.floor(ownRateFactor * perMinute * windowMs / 60000))
end

local taken = 0
if hasPasses then
  redis.call('ZREMRANGEBYSCORE', passesKey, '-inf', now - windowMs * 1000)
  taken = redis.call('ZCARD', passesKey)
end
if taken >= limit then return answer('over_limit', exact(perMinute)) end

redis.call('ZADD', passesKey, now, claimId)
redis.call('PEXPIRE', passesKey, windowMs + 1000)
if ticketKey then redis.call('SET', ticketKey, 'claim:' .. claimId, 'PX', replayMs) end
return answer('granted', exact(perMinute))
`)
