-- Keeps a state, and forgets the entries that it has in it.
--
-- order:  { id, how many entries it has in it, the state }
-- answer: 'ok'

local kept = tonumber(redis.call('GET', P .. 'kept') or '0')
if redis.call('GET', P .. 'id') == order[1] and order[2] > kept then
  redis.call('LTRIM', P .. 'entries', order[2] - kept, -1)
  redis.call('MSET', P .. 'kept', order[2], P .. 'state', order[3])
end
return answer('ok')
