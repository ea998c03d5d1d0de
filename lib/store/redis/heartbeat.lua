-- Records a live process and the baseline that it has learned; answers with the time, the live processes, the site's baseline and
-- the override.
--
-- The site's baseline is the sum of what the live processes have learned. While some have learned none, the last such sum stands:
-- a process that ends is counted as live for some seconds more, so scaling up the others' figures at every deployment would count
-- it twice. Only without a last sum are those figures scaled.
--
-- KEYS: processes, baseline, override. ARGV: process id, its baseline or '', processMs, baselineMs, overrideMs.
local processesKey, baselineKey, overrideKey = KEYS[1], KEYS[2], KEYS[3]
local processId, ownBaseline, processMs, baselineMs, overrideMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

holds('processes', processesKey, 'hash')
redis.call('HSET', processesKey, processId, string.format('%.0f', now) .. ' ' .. ownBaseline)
redis.call('PEXPIRE', processesKey, processMs)
local entries = redis.call('HGETALL', processesKey)
local live, learned, sum = 0, 0, 0
for index = 1, #entries, 2 do
  local at, baseline = string.match(entries[index + 1], '^(%d+) (.*)$')
  at, baseline = number(at), number(baseline)
  if at and math.abs(now - at) < tonumber(processMs) * 1000 then
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
  redis.call('SET', baselineKey, exact(site), 'PX', baselineMs)
end

local override = overrideOf(overrideKey)
if override then redis.call('PEXPIRE', overrideKey, overrideMs) end
return answer(exact(now / 1000), tostring(live), exact(site), unpack(override or {}))
