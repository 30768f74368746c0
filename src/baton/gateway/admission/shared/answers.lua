-- Answers that are kept for all processes, and requests under way for which others wait.
--
-- answers:kept    key -> the answer, as it was given here
-- answers:marks   key -> what it is known by, packed
-- answers:sizes   key -> bytes
-- answers:until   key by the µs until which it may be given again
-- answers:used    key by the µs when it was last asked for; the first of these leaves when room is short
-- answers:bytes   of all of them;  answers:forgotten  how often some were forgotten;  answers:told  the same as
--                 the database has it, as far as it was told here
-- flight:KEY      who asks, while its lease lasts;  waited:KEY  somebody waits for that one
--
-- What is not to be kept and was waited for is handed to those who waited: handed:KEY/who asked, for a moment.

local A = E .. 'answers:'
local LIVES_S = 31 * 86400 -- nothing is kept for longer; an epoch that is over leaves no more behind
local MOST_AT_ONCE = 100

local function drop(key)
  local size = redis.call('HGET', A .. 'sizes', key)
  if not size then
    return
  end
  for _, part in ipairs({ 'kept', 'marks', 'sizes' }) do
    redis.call('HDEL', A .. part, key)
  end
  redis.call('ZREM', A .. 'until', key)
  redis.call('ZREM', A .. 'used', key)
  redis.call('DECRBY', A .. 'bytes', size)
end

local function find(key, now_us)
  local until_us = redis.call('ZSCORE', A .. 'until', key)
  if not until_us or tonumber(until_us) <= now_us then
    return nil
  end
  redis.call('ZADD', A .. 'used', now_us, key)
  return redis.call('HGET', A .. 'kept', key)
end

local function put(key, kept, marks, size, until_us, now_us, most, most_bytes)
  drop(key)
  redis.call('HSET', A .. 'kept', key, kept)
  redis.call('HSET', A .. 'marks', key, cmsgpack.pack(marks))
  redis.call('HSET', A .. 'sizes', key, size)
  redis.call('ZADD', A .. 'until', until_us, key)
  redis.call('ZADD', A .. 'used', now_us, key)
  redis.call('INCRBY', A .. 'bytes', size)
  for _, each in ipairs(redis.call('ZRANGEBYSCORE', A .. 'until', '-inf', now_us, 'LIMIT', 0, MOST_AT_ONCE)) do
    drop(each)
  end
  for _ = 1, MOST_AT_ONCE do
    local over = redis.call('ZCARD', A .. 'used') > most
    if not over and tonumber(redis.call('GET', A .. 'bytes')) <= most_bytes then
      break
    end
    local first = redis.call('ZRANGE', A .. 'used', 0, 0)[1]
    if not first then
      break
    end
    drop(first)
  end
  for _, part in ipairs({ 'kept', 'marks', 'sizes', 'until', 'used', 'bytes' }) do
    redis.call('EXPIRE', A .. part, LIVES_S)
  end
end

-- What is there for { key, who asks, whether an answer will do, whether to wait for who asks already, lease in
-- ms, for whom it waited }: { 'kept', answer, whether it was waited for }, { 'flies', who asks },
-- { 'leads', how often some were forgotten }.
local function seek(look, now_us)
  local key, name, waited = look[1], look[2], look[6]
  local found = waited and redis.call('GET', E .. 'handed:' .. key .. '/' .. waited)
  if not found and look[3] then
    found = find(key, now_us)
  end
  if found then
    return { 'kept', found, waited and true or false }
  end
  if look[4] then
    local leader = redis.call('GET', E .. 'flight:' .. key)
    if leader and leader ~= name then
      redis.call('SET', E .. 'waited:' .. key, 1, 'PX', look[5])
      return { 'flies', leader }
    end
    redis.call('SET', E .. 'flight:' .. key, name, 'PX', look[5])
  end
  return { 'leads', tonumber(redis.call('GET', A .. 'forgotten') or 0) }
end
