-- Records a live process and what it has learned; answers with the time, the live processes, the site's baseline and reference,
-- and the override.
--
-- The site's rate is the sum of what the live processes have learned. While some have learned none, the last such sum stands:
-- a process that ends is counted as live for some seconds more, so scaling up the others' figures at every deployment would count
-- it twice. Only without a last sum are those figures scaled.
--
-- KEYS: processes, baseline, reference, override.
-- ARGV: process id, its baseline or '', its reference or '', processMs, baselineMs, referenceMs, overrideMs.
local processesKey, baselineKey, referenceKey, overrideKey = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local processId, ownBaseline, ownReference = ARGV[1], ARGV[2], ARGV[3]
local processMs, baselineMs, referenceMs, overrideMs = ARGV[4], ARGV[5], ARGV[6], ARGV[7]

holds('processes', processesKey, 'hash')
local entry = string.format('%.0f', now) .. ' ' .. ownBaseline .. ' ' .. ownReference
redis.call('HSET', processesKey, processId, entry)
redis.call('PEXPIRE', processesKey, processMs)
local entries = redis.call('HGETALL', processesKey)
local live, baselines, references = 0, {}, {}
for index = 1, #entries, 2 do
  local at, baseline, reference = string.match(entries[index + 1], '^(%d+) (%S*) ?(%S*)$')
  at = number(at)
  if at and math.abs(now - at) < tonumber(processMs) * 1000 then
    live = live + 1
    baselines[#baselines + 1] = number(baseline)
    references[#references + 1] = number(reference)
  else
    redis.call('HDEL', processesKey, entries[index])
    if not at then corrupted[#corrupted + 1] = 'processes' end
  end
end

local function siteRate(kind, key, learned, lastsMs)
  local site
  if holds(kind, key, 'string') then
    site = number(redis.call('GET', key))
    if not site then reject(kind, key) end
  end
  if #learned == live or (#learned > 0 and not site) then
    local sum = 0
    for _, perMinute in ipairs(learned) do sum = sum + perMinute end
    site = sum * live / #learned
    redis.call('SET', key, exact(site), 'PX', lastsMs)
  end
  return exact(site)
end

local baseline = siteRate('baseline', baselineKey, baselines, baselineMs)
local reference = siteRate('reference', referenceKey, references, referenceMs)
local override = overrideOf(overrideKey)
if override then redis.call('PEXPIRE', overrideKey, overrideMs) end
return answer(exact(now / 1000), tostring(live), baseline, reference, unpack(override or {}))
