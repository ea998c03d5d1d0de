import { luaScript } from '../lua-script.js'

export const readHistoryScript = luaScript(`
local perMinute = perMinuteOf(KEYS[1])
return answer('history', exact(perMinute))
`)
