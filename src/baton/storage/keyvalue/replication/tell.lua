-- Writes what a process has to say, and says what it has not heard yet; what it said too, so in its order.
--
-- order:  { id, how many entries it has heard, the mark of the last, process, what it says ('': nothing),
--           at (µs; -1: now), whether it leaves, µs of silence after which others are gone }
-- answer: 'ok', now (µs), how many entries the kept state has in it, entries
--         'lost': the log is another one, or has forgotten something: of what this process has heard, or of
--                 what it has not heard yet

local log = found()
if not log or log.id ~= order[1] or order[2] < log.base or not remembers(log, order[2], order[3]) then
  return answer('lost')
end
local process = order[4]
local now_us = order[6] >= 0 and order[6] or clock_us()
local when = whole(now_us) .. ' '
local more = {}
if order[5] ~= '' then
  more[1] = when .. process .. ' ' .. order[5]
end
redis.call('HSET', P .. 'seen', process, whole(now_us))
local seen = redis.call('HGETALL', P .. 'seen')
for i = 1, #seen, 2 do
  if now_us - tonumber(seen[i + 1]) > order[8] or (order[7] and seen[i] == process) then
    redis.call('HDEL', P .. 'seen', seen[i])
    more[#more + 1] = when .. seen[i] .. ' '
  end
end
if #more > 0 then
  redis.call('RPUSH', P .. 'entries', unpack(more))
  redis.call('HSET', P .. 'about', 'head', log.head + #more)
end
return answer('ok', now_us, log.kept, redis.call('LRANGE', P .. 'entries', order[2] - log.base, -1))
