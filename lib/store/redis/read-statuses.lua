-- Answers with the statuses of the other live processes; of too many, with those of the newest heartbeats.
-- KEYS: processes, statuses. ARGV: process id, processMs, most statuses, most bytes of one.
local processesKey, statusesKey = KEYS[1], KEYS[2]
local own, processMs, most, maxBytes = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
if not holds('processes', processesKey, 'hash') or not holds('statuses', statusesKey, 'hash') then return answer() end

local function isRecent(at)
  return at and math.abs(now - at) < processMs * 1000
end

local entries, others = redis.call('HGETALL', processesKey), {}
for index = 1, #entries, 2 do
  local at = number(string.match(entries[index + 1], '^(%d+) '))
  if entries[index] ~= own and isRecent(at) then others[#others + 1] = { id = entries[index], at = at } end
end
table.sort(others, function(one, other) return one.at > other.at end)

local statuses = {}
for index = 1, math.min(#others, most) do
  local id, at, status = others[index].id, nil, nil
  -- The time in front of a status takes 17 bytes.
  local bytes = redis.call('HSTRLEN', statusesKey, id)
  if bytes > 0 and bytes <= maxBytes + 17 then
    at, status = string.match(redis.call('HGET', statusesKey, id), '^(%d+) (.*)$')
    at = number(at)
  end
  if isRecent(at) then statuses[#statuses + 1] = status end
  if bytes > 0 and not at then
    redis.call('HDEL', statusesKey, id)
    corrupted[#corrupted + 1] = 'statuses'
  end
end
return answer(unpack(statuses))
