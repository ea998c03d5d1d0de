-- Marks a verified ticket, unless it has passed already, and counts the pass in the client's history. The same pass is recorded
-- again, for a client that reconnects may send it twice.
-- KEYS: history, then the ticket if there is one. ARGV: historyMs, rateMemoryMs, and with a ticket replayMs and the pass id.
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
redis.call('HSET', historyKey, 'weight', (weight or 0) + 1, 'at', now)
redis.call('PEXPIRE', historyKey, historyMs)
return answer('recorded')
