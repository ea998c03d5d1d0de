-- Keeps the status of a process. Those of processes that live no longer go with them: every heartbeat cleans the processes.
-- KEYS: processes, statuses. ARGV: process id, status, processMs.
local processesKey, statusesKey = KEYS[1], KEYS[2]
holds('statuses', statusesKey, 'hash')
redis.call('HSET', statusesKey, ARGV[1], string.format('%.0f', now) .. ' ' .. ARGV[2])
redis.call('PEXPIRE', statusesKey, ARGV[3])
local live = holds('processes', processesKey, 'hash') and redis.call('HLEN', processesKey) or 0
if redis.call('HLEN', statusesKey) > live then
  for _, id in ipairs(redis.call('HKEYS', statusesKey)) do
    if redis.call('HEXISTS', processesKey, id) == 0 then redis.call('HDEL', statusesKey, id) end
  end
end
return answer('published')
