-- The newest override stands, in whatever order they arrive; answers with the one that stands. One that was set ahead of the server's
-- time says that its clock was set back: order is lost, and the later arrival stands.
-- KEYS: override. ARGV: id, mode, by, how long it lasts or '', when it was set, overrideMs.
local overrideKey = KEYS[1]
local standing = overrideOf(overrideKey)
if standing then
  local setMs = tonumber(standing[5])
  local isNewer = setMs > tonumber(ARGV[5]) and setMs * 1000 <= now
  if standing[1] == ARGV[1] or isNewer then return answer(unpack(standing)) end
end
redis.call('HSET', overrideKey, 'id', ARGV[1], 'mode', ARGV[2], 'by', ARGV[3], 'for', ARGV[4], 'set', ARGV[5])
redis.call('PEXPIRE', overrideKey, ARGV[6])
return answer(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
