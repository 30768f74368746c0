-- Keeps a state, and forgets the entries that the one before it had in it.
--
-- order:  { id, how many entries it has in it, the mark of the last of them, the state }
-- answer: 'ok'

local log = found()
if log and log.id == order[1] and order[2] > log.kept and order[2] <= log.head then
  redis.call('LTRIM', P .. 'entries', log.kept - log.base, -1)
  redis.call('HSET', P .. 'about', 'base', log.kept, 'kept', order[2], 'mark', order[3], 'state', order[4])
end
return answer('ok')
