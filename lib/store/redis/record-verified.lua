-- Marks a verified ticket, unless it has passed already, and counts the pass in the client's history. The same pass is recorded
-- again, for a client that reconnects may send it twice.
-- KEYS: history, then the ticket if there is one. ARGV: historyMs, rateMemoryMs, and with a ticket replayMs, the pass
-- id and '1' where the application vouches for the user: the rate then does not rise.
local historyKey, ticketKey = KEYS[1], KEYS[2]
local historyMs, rateMemoryMs, replayMs = ARGV[1], tonumber(ARGV[2]), ARGV[3]
if ticketKey then
  local own = 'verified:' .. ARGV[4]
  local mark = markOf(ticketKey)
  if mark and mark ~= own then return answer('replayed') end
  redis.call('SET', ticketKey, own, 'PX', replayMs)
end

local weight, at = historyOf(historyKey)
if weight then weight = weight * math.exp(-math.max(0, now - at) / (rateMemoryMs * 1000)) end
weight = ARGV[5] == '1' and math.max(1, weight or 0) or (weight or 0) + 1
redis.call('HSET', historyKey, 'weight', weight, 'at', now)
redis.call('PEXPIRE', historyKey, historyMs)
return answer('recorded')
