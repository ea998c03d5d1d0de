import { luaScript } from '../lua-script.js'

/**
 * Says that a process lives and what it has learned; answers with the live processes, the site's baseline and the override.
 *
 * The site's baseline is the sum of what the live processes have learned. While some have learned nothing yet, the last such
 * sum stands: a process that ends is counted as live for some seconds more, so scaling up the others' figures at every
 * deployment would count it twice. Only without a sum to stand in are those figures scaled.
 */
export const heartbeatScript = luaScript(`
local processesKey, baselineKey, overrideKey = KEYS[1], KEYS[2], KEYS[3]
local processId, ownBaseline, aliveUs = ARGV[1], ARGV[2], tonumber(ARGV[3]) * 1000
local keepBaselineMs, keepOverrideMs = tonumber(ARGV[4]), tonumber(ARGV[5])

holds('processes', processesKey, 'hash')
redis.call('HSET', processesKey, processId, string.format('%.0f', now) .. ' ' .. ownBaseline)
redis.call('PEXPIRE', processesKey, aliveUs / 1000)
local entries = redis.call('HGETALL', processesKey)
local live, learned, sum = 0, 0, 0
for index = 1, #entries, 2 do
  local at, baseline = string.match(entries[index + 1], '^(%d+) (.*)$')
  at, baseline = number(at), number(baseline)
  if at and math.abs(now - at) < aliveUs then
    live = live + 1
    if baseline then
      learned = learned + 1
      sum = sum + baseline
    end
  else
    redis.call('HDEL', processesKey, entries[index])
    if not at then corrupted[#corrupted + 1] = 'processes' end
  end
end

local site
if holds('baseline', baselineKey, 'string') then
  site = number(redis.call('GET', baselineKey))
  if not site then reject('baseline', baselineKey) end
end
if learned == live or (learned > 0 and not site) then
  site = sum * live / learned
  redis.call('SET', baselineKey, exact(site), 'PX', keepBaselineMs)
end

local override = {}
if holds('override', overrideKey, 'hash') then
  override = redis.call('HMGET', overrideKey, 'mode', 'by', 'until', 'set')
  local mode = override[1]
  local isKnown = mode == 'pass' or mode == 'verify_only' or mode == 'none'
  local isEndless = override[3] == ''
  if not isKnown or not override[2] or not number(override[4]) or not (isEndless or number(override[3])) then
    reject('override', overrideKey)
    override = {}
  elseif isEndless then
    redis.call('PEXPIRE', overrideKey, keepOverrideMs)
  end
end
return answer(tostring(live), exact(site), unpack(override))
`)
