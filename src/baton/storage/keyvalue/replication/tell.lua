-- Writes what a process has to say, and says what it has not heard yet; what it said too, so in its order.
--
-- order:  { id, process, how many entries it has heard, the number of what it says, that (''; nothing),
--           at (µs; -1: now), whether it leaves, µs of silence after which others are gone }
-- answer: 'ok', now (µs), entries
--         'other': the log is another one, or has forgotten what this process has not heard yet
--         'forgotten': Redis was put back to a time before what this process has heard

if redis.call('GET', P .. 'id') ~= order[1] then
  return answer('other')
end
local process, heard, number, words = order[2], order[3], order[4], order[5]
local marks = redis.call('MGET', P .. 'head', P .. 'kept')
local head, kept = tonumber(marks[1]), tonumber(marks[2])
if heard > head then
  return answer('forgotten')
end
if heard < kept then
  return answer('other')
end
local now_us = order[6] >= 0 and order[6] or clock_us()
local when = whole(now_us) .. ' '
local more = {}
if words ~= '' then
  local last = redis.call('HGET', P .. 'numbers', process)
  if not last or tonumber(last) < number then -- else it was heard, and the answer was lost
    redis.call('HSET', P .. 'numbers', process, number)
    more[1] = when .. process .. ' ' .. number .. ' ' .. words
  end
end
redis.call('HSET', P .. 'seen', process, whole(now_us))
local seen = redis.call('HGETALL', P .. 'seen')
for i = 1, #seen, 2 do
  if now_us - tonumber(seen[i + 1]) > order[8] or (order[7] and seen[i] == process) then
    redis.call('HDEL', P .. 'seen', seen[i])
    redis.call('HDEL', P .. 'numbers', seen[i])
    more[#more + 1] = when .. seen[i] .. ' 0 '
  end
end
if #more > 0 then
  redis.call('RPUSH', P .. 'entries', unpack(more))
  redis.call('SET', P .. 'head', head + #more)
end
return answer('ok', now_us, redis.call('LRANGE', P .. 'entries', heard - kept, -1))
