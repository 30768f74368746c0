-- What every script of the log begins with.
--
-- The log is one list of entries, each a line of text: when (µs), who, and what they said (JSON; nothing: they
-- are gone). Of it, and of the state that has its beginning, one hash tells (so that no part of that is ever
-- missing alone):
--   id:    of this log
--   head:  how many entries were ever written
--   base:  how many of these were forgotten; the list holds what came after
--   kept:  how many the state has in it: not fewer, so that who is a little behind finds what comes next
--   mark:  when and by whom the last of those was
--   state: that (JSON)

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

-- The log as it is; nil: there is none, or some of it is missing.
local function found()
  local about = redis.call('HMGET', P .. 'about', 'id', 'head', 'base', 'kept', 'mark')
  if not (about[1] and about[2] and about[3] and about[4] and about[5])
    or redis.call('HEXISTS', P .. 'about', 'state') == 0 then
    return nil
  end
  local log = { id = about[1], head = tonumber(about[2]), base = tonumber(about[3]),
                kept = tonumber(about[4]), mark = about[5] }
  if redis.call('LLEN', P .. 'entries') ~= log.head - log.base then
    return nil
  end
  return log
end

-- Whether it still has what somebody has heard: so many entries, the last of them with this mark.
local function remembers(log, heard, mark)
  if heard > log.head then
    return false
  end
  if heard == log.kept then
    return mark == log.mark
  end
  if heard <= log.base then
    return true -- as far as can be told
  end
  local last = redis.call('LINDEX', P .. 'entries', heard - log.base - 1)
  return last and string.sub(last, 1, #mark + 1) == mark .. ' '
end
