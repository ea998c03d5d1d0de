/**
 * Begins every script. Time is the server's, in microseconds, for the processes' clocks differ. All of our keys have a type
 * and an end: what has another type, no end or unreadable content is not ours; it is deleted, and named in the answer.
 */
export const luaPrelude = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local historyMs = 86400000
local rateMemoryUs = 600000000
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

-- What a ticket passed as, or nil.
local function markOf(key)
  if not holds('ticket', key, 'string') then return nil end
  local mark = redis.call('GET', key)
  if string.sub(mark, 1, 9) == 'verified:' or string.sub(mark, 1, 6) == 'claim:' then return mark end
  reject('ticket', key)
  return nil
end

local function number(text)
  local value = text and tonumber(text)
  if value and value >= 0 and value < 9007199254740992 then return value end
  return nil
end

local function answer(...)
  return { table.concat(corrupted, ','), ... }
end

local function historyOf(key)
  if not holds('history', key, 'hash') then return nil end
  local fields = redis.call('HMGET', key, 'weight', 'at')
  local weight, at = number(fields[1]), number(fields[2])
  if weight and at then return weight, at end
  reject('history', key)
  return nil
end

local function perMinuteOf(key)
  local weight = historyOf(key)
  return weight and weight * 60000000 / rateMemoryUs
end

local function noteVerified(key)
  local weight, at = historyOf(key)
  if weight then weight = weight * math.exp(-math.max(0, now - at) / rateMemoryUs) end
  redis.call('HSET', key, 'weight', (weight or 0) + 1, 'at', now)
  redis.call('PEXPIRE', key, historyMs)
end

local function exact(value)
  return value and string.format('%.17g', value) or ''
end
`
