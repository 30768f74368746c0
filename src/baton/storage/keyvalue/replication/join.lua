-- Says where the log stands; begins one where there is none, or where it has forgotten something.
--
-- order:  { the id of the one that is to begin, of the one that was heard last or '', how many entries of it
--           were heard, the mark of the last of them, the state that a new one begins with ('': none is
--           begun), when that is (µs; -1: now) }
-- answer: 'ok', id, now (µs), how many entries the state has in it, the mark of the last, the state, the
--         entries after it
--         'none': there is none

local log = found()
if log and log.id == order[2] and not remembers(log, order[3], order[4]) then
  log = nil
end
if not log then
  if order[5] == '' then
    return answer('none')
  end
  log = { id = order[1], head = 0, base = 0, kept = 0, mark = '-' }
  redis.call('DEL', P .. 'entries', P .. 'seen')
  redis.call('HSET', P .. 'about', 'id', log.id, 'head', 0, 'base', 0, 'kept', 0, 'mark', log.mark, 'state', order[5])
  local behind = order[6] - clock_us() -- what the state knows happened before it begins
  if order[6] >= 0 and behind > 0 then
    redis.call('HINCRBY', P .. 'clock', 'ahead', whole(behind))
  end
end
local now_us = clock_us()
local state = redis.call('HGET', P .. 'about', 'state')
local entries = redis.call('LRANGE', P .. 'entries', log.kept - log.base, -1)
return answer('ok', log.id, now_us, log.kept, log.mark, state, entries)
