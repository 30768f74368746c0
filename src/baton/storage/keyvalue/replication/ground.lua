-- What every script of the log begins with.
--
-- The log is one list of entries, each a line of text: when (µs), who, the number of what they said, and that
-- (JSON; nothing: they are gone). `head` counts all that were ever written, `kept` those that a state, kept in
-- `state`, has in it; the list holds what came after these.

local P = '{baton}:log:1:'
local order = cmsgpack.unpack(ARGV[1])

local function answer(...)
  return cmsgpack.pack({...})
end

local function whole(number)
  return string.format('%.0f', number)
end

-- Never goes back, also where Redis's own does.
local function clock_us()
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  local known = redis.call('HMGET', P .. 'clock', 'last', 'ahead')
  local ahead = tonumber(known[2] or '0')
  if known[1] and now < tonumber(known[1]) then
    ahead = ahead + tonumber(known[1]) - now
    redis.call('HSET', P .. 'clock', 'ahead', whole(ahead))
  end
  redis.call('HSET', P .. 'clock', 'last', whole(now))
  return now + ahead
end
