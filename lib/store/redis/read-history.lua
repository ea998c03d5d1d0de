-- KEYS: history. ARGV: rateMemoryMs.
return answer('history', exact(perMinuteOf(KEYS[1], tonumber(ARGV[1]))))
