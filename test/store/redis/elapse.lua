-- Moves everything that the store has written back in time, as if ARGV[1] milliseconds had passed on the server.
local ms = tonumber(ARGV[1])

local function earlier(microseconds)
  return string.format('%.0f', tonumber(microseconds) - ms * 1000)
end

for _, key in ipairs(redis.call('KEYS', '*')) do
  local leftMs, kind = redis.call('PTTL', key) - ms, redis.call('TYPE', key).ok
  if leftMs <= 0 then
    redis.call('DEL', key)
  else
    if kind == 'zset' then
      for _, member in ipairs(redis.call('ZRANGE', key, 0, -1)) do redis.call('ZINCRBY', key, -ms * 1000, member) end
    elseif string.find(key, ':history:', 1, true) then
      redis.call('HSET', key, 'at', earlier(redis.call('HGET', key, 'at')))
    elseif string.find(key, ':override$') then
      redis.call('HINCRBYFLOAT', key, 'set', -ms)
    elseif string.find(key, ':processes$') or string.find(key, ':statuses$') then
      for _, field in ipairs(redis.call('HKEYS', key)) do
        local at, rest = string.match(redis.call('HGET', key, field), '^(%d+) (.*)$')
        redis.call('HSET', key, field, earlier(at) .. ' ' .. rest)
      end
    end
    redis.call('PEXPIRE', key, leftMs)
  end
end
