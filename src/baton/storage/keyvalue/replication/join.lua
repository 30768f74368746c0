-- Says where a log stands; begins one where there is none, or where it is known to have forgotten something.
--
-- order:  { the id of the one that is to begin, of the one that is over or '', the state that it begins with }
-- answer: 'ok', id, now (µs), how many entries the state has in it, the state, the entries after it

local id = redis.call('GET', P .. 'id')
if not id or id == order[2] then
  id = order[1]
  redis.call('DEL', P .. 'entries', P .. 'numbers', P .. 'seen')
  redis.call('MSET', P .. 'id', id, P .. 'head', 0, P .. 'kept', 0, P .. 'state', order[3])
end
local now_us = clock_us()
local kept = redis.call('MGET', P .. 'kept', P .. 'state')
return answer('ok', id, now_us, tonumber(kept[1]), kept[2], redis.call('LRANGE', P .. 'entries', 0, -1))
