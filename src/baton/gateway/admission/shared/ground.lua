-- What every script begins with.
--
-- An order is MessagePack: { epoch, process, answered, number, ... }.
--   epoch:    what the state belongs to; Redis that was emptied has none
--   process:  who asks
--   answered: the number of the last of its calls that it has had an answer to
--   number:   of this call
-- An answer is MessagePack: { word, ... }. `epoch`: the state is of another one; `forgotten`: Redis was put
-- back to a time before a call that it had answered; `ok`, and whatever a script says besides.
--
-- Keys have one hash tag, so that a cluster keeps them together; Redis's own clock is the clock of windows.

local P = '{baton}:'
local order = cmsgpack.unpack(ARGV[1])
local E = P .. order[1] .. ':'

local function answer(...)
  return cmsgpack.pack({...})
end

local function whole(number)
  return string.format('%.0f', number)
end

local function stranger()
  local epoch = redis.call('GET', P .. 'epoch')
  if epoch ~= order[1] then
    return answer('epoch', epoch or '')
  end
  local last = redis.call('HGET', E .. 'calls', order[2])
  if order[3] > 0 and (not last or tonumber(last) < order[3]) then
    return answer('forgotten')
  end
  if not last or tonumber(last) < order[4] then
    redis.call('HSET', E .. 'calls', order[2], order[4])
  end
  return nil
end

local function clock_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end
