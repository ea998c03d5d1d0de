import { luaScript } from '../lua-script.js'

/** The newest override wins, whoever is last to arrive. */
export const setOverrideScript = luaScript(`
local overrideKey = KEYS[1]
if holds('override', overrideKey, 'hash') then
  local set = number(redis.call('HGET', overrideKey, 'set'))
  if set and set >= tonumber(ARGV[4]) then return answer('older') end
end
redis.call('HSET', overrideKey, 'mode', ARGV[1], 'by', ARGV[2], 'until', ARGV[3], 'set', ARGV[4])
redis.call('PEXPIRE', overrideKey, ARGV[5])
return answer('set')
`)
