-- Begins every script. Time is the server's, in microseconds, for the clocks of the processes differ. All keys of the store have
-- a type and an end: a key with another type, no end or an unreadable value is deleted, and its kind is named in the answer.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local corrupted = {}

local function reject(kind, key)
  redis.call('DEL', key)
  corrupted[#corrupted + 1] = kind
end

local function holds(kind, key, expected)
  local found = redis.call('TYPE', key).ok
  if found == 'none' then return false end
  if found == expected and redis.call('PTTL', key) >= 0 then return true end
  reject(kind, key)
  return false
end

local function number(text)
  local value = text and tonumber(text)
  if value and value >= 0 and value < 9007199254740992 then return value end
  return nil
end

-- A number as text, without a loss; '' for nil.
local function exact(value)
  return value and string.format('%.17g', value) or ''
end

local function answer(...)
  return { table.concat(corrupted, ','), ... }
end

-- What marked a ticket, 'claim:' or 'verified:' and an id, or nil.
local function markOf(key)
  if not holds('ticket', key, 'string') then return nil end
  local mark = redis.call('GET', key)
  if string.sub(mark, 1, 9) == 'verified:' or string.sub(mark, 1, 6) == 'claim:' then return mark end
  reject('ticket', key)
  return nil
end

-- The weight of a client's verified passes and the time of the last one, or nil.
local function historyOf(key)
  if not holds('history', key, 'hash') then return nil end
  local fields = redis.call('HMGET', key, 'weight', 'at')
  local weight, at = number(fields[1]), number(fields[2])
  if weight and at then return weight, at end
  reject('history', key)
  return nil
end

local function perMinuteOf(key, rateMemoryMs)
  local weight = historyOf(key)
  return weight and weight * 60000 / rateMemoryMs
end

-- The override that stands, as id, mode, by, for and set, or nil.
local function overrideOf(key)
  if not holds('override', key, 'hash') then return nil end
  local fields = redis.call('HMGET', key, 'id', 'mode', 'by', 'for', 'set')
  local mode = fields[2]
  local isKnown = mode == 'pass' or mode == 'verify_only' or mode == 'none'
  -- A pass has an end, within a day.
  local length = number(fields[4])
  local hasLength = length and length <= 86400000 or (fields[4] == '' and mode ~= 'pass')
  if fields[1] and isKnown and fields[3] and hasLength and number(fields[5]) then return fields end
  reject('override', key)
  return nil
end
