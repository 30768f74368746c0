-- A request that was asked has its answer, or none: it is kept, or handed to those who waited for it.
--
-- order:  ..., key, who asked, the answer or false, whether to keep it, for how long (µs), marks, bytes,
--         how often some had been forgotten when it was asked, entries at most, bytes at most
-- answer: 'ok', 'kept', 'handed' or 'nothing'

local HANDED_MS = 10000

local refused = stranger()
if refused then
  return refused
end
local key, name, kept, now_us = order[5], order[6], order[7], clock_us()
local waited = redis.call('EXISTS', E .. 'waited:' .. key) == 1
if redis.call('GET', E .. 'flight:' .. key) == name then
  redis.call('DEL', E .. 'flight:' .. key, E .. 'waited:' .. key)
end
if not kept then
  return answer('ok', 'nothing')
end
local forgotten = tonumber(redis.call('GET', A .. 'forgotten') or 0) ~= order[12]
if order[8] and not forgotten then
  put(key, kept, order[10], order[11], now_us + order[9], now_us, order[13], order[14])
  return answer('ok', 'kept')
end
if waited then
  redis.call('SET', E .. 'handed:' .. key .. '/' .. name, kept, 'PX', HANDED_MS)
  return answer('ok', 'handed')
end
return answer('ok', 'nothing')
