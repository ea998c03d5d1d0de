-- Undoes one claim, or the mark of one verified pass, and no other: what a later claim holds stays.
-- KEYS: passes of each purse, then the ticket if there is one. ARGV: claim id, number of purses.
local claimId, purses = ARGV[1], tonumber(ARGV[2])
local ticketKey = KEYS[purses + 1]
for index = 1, purses do
  if holds('passes', KEYS[index], 'zset') then redis.call('ZREM', KEYS[index], claimId) end
end
local mark = ticketKey and markOf(ticketKey)
if mark == 'claim:' .. claimId or mark == 'verified:' .. claimId then redis.call('DEL', ticketKey) end
return answer('released')
