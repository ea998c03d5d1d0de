-- KEYS: history, passes of each purse, then the ticket if there is one.
-- ARGV: claim id, '1' to grant to known clients alone, replayMs, rateMemoryMs; limit, windowMs and ownRateFactor of each purse.
local claimId, requireKnown, replayMs, rateMemoryMs = ARGV[1], ARGV[2] == '1', ARGV[3], tonumber(ARGV[4])
local purses = {}
for index = 5, #ARGV, 3 do
  purses[#purses + 1] = {
    key = KEYS[#purses + 2],
    limit = tonumber(ARGV[index]),
    windowMs = tonumber(ARGV[index + 1]),
    ownRateFactor = tonumber(ARGV[index + 2])
  }
end
local ticketKey = KEYS[#purses + 2]

-- A client that reconnects may send a claim twice: the second one takes nothing more.
local isHeld = false
for _, purse in ipairs(purses) do
  purse.hasPasses = holds('passes', purse.key, 'zset')
  if purse.hasPasses and redis.call('ZSCORE', purse.key, claimId) then isHeld = true end
end
if ticketKey and not isHeld and markOf(ticketKey) then return answer('replayed') end

local perMinute = perMinuteOf(KEYS[1], rateMemoryMs)
if isHeld then return answer('granted', exact(perMinute)) end
if requireKnown and not perMinute then return answer('unknown_client') end

for _, purse in ipairs(purses) do
  local limit, taken = purse.limit, 0
  if perMinute and limit > 0 then
    limit = math.max(limit, math.floor(purse.ownRateFactor * perMinute * purse.windowMs / 60000))
  end
  if purse.hasPasses then
    redis.call('ZREMRANGEBYSCORE', purse.key, '-inf', now - purse.windowMs * 1000)
    taken = redis.call('ZCARD', purse.key)
  end
  if taken >= limit then
    local endsIn = purse.windowMs
    if limit > 0 then
      local oldest = redis.call('ZRANGE', purse.key, taken - limit, taken - limit, 'WITHSCORES')[2]
      endsIn = math.ceil((tonumber(oldest) - now) / 1000) + purse.windowMs
    end
    return answer('over_limit', exact(perMinute), exact(endsIn))
  end
end

for _, purse in ipairs(purses) do
  redis.call('ZADD', purse.key, now, claimId)
  redis.call('PEXPIRE', purse.key, purse.windowMs + 1000)
end
if ticketKey then redis.call('SET', ticketKey, 'claim:' .. claimId, 'PX', replayMs) end
return answer('granted', exact(perMinute))
