-- The newest override wins, in whatever order they arrive.
-- KEYS: override. ARGV: mode, by, until or '', set, how long it lasts in milliseconds.
local overrideKey = KEYS[1]
if holds('override', overrideKey, 'hash') then
  local set = number(redis.call('HGET', overrideKey, 'set'))
  if set and set >= tonumber(ARGV[4]) then return answer('older') end
end
redis.call('HSET', overrideKey, 'mode', ARGV[1], 'by', ARGV[2], 'until', ARGV[3], 'set', ARGV[4])
redis.call('PEXPIRE', overrideKey, ARGV[5])
return answer('set')
