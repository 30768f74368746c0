-- Sliding windows, as in memory: 60 sub-buckets, the oldest counted whole.
--
-- A window is a hash: n = its newest sub-bucket, t = what it holds, 0..60 = what each holds. It leaves when
-- all of it has passed.

local SLOTS = 61

local function bucket_at(us, window_s)
  return math.floor(us / (window_s / 60 * 1000000))
end

-- Forgets what lies more than a window before a bucket; gives the newest one, and what is held.
local function come_to(key, bucket, window_s)
  local found = redis.call('HMGET', key, 'n', 't')
  local newest, total = tonumber(found[1]), tonumber(found[2]) or 0
  if newest and bucket <= newest then
    return newest, total
  end
  if newest and bucket - newest <= 60 then
    if total ~= 0 then
      local slots = {}
      for each = newest + 1, bucket do
        slots[#slots + 1] = each % SLOTS
      end
      for _, count in ipairs(redis.call('HMGET', key, unpack(slots))) do
        total = total - (tonumber(count) or 0)
      end
      redis.call('HDEL', key, unpack(slots))
    end
  else
    redis.call('DEL', key)
    total = 0
  end
  redis.call('HSET', key, 'n', bucket, 't', whole(total))
  redis.call('EXPIRE', key, window_s / 60 * SLOTS + 1)
  return bucket, total
end

local function count(key, newest, bucket, amount)
  if amount ~= 0 and newest - bucket <= 60 then
    redis.call('HINCRBY', key, bucket % SLOTS, whole(amount))
    redis.call('HINCRBY', key, 't', whole(amount))
  end
end

-- The moment when `excess` of what a window holds has left it.
local function free_us(key, newest, window_s, excess)
  local counts = {}
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    counts[all[at]] = tonumber(all[at + 1])
  end
  local bucket = newest - SLOTS
  while excess > 0 do
    bucket = bucket + 1
    excess = excess - (counts[tostring(bucket % SLOTS)] or 0)
  end
  return (bucket + SLOTS) * (window_s / 60 * 1000000)
end

-- When a window holds nothing any more; 0: it holds nothing.
local function emptied_us(key, newest, window_s, total)
  if total == 0 then
    return 0
  end
  local last = newest
  while (tonumber(redis.call('HGET', key, last % SLOTS)) or 0) == 0 do
    last = last - 1
  end
  return (last + SLOTS) * (window_s / 60 * 1000000)
end

-- Takes of every window { key, limit, seconds, amount }, or of none. Gives what is against it, or nil:
-- { which (from 0), when it fits in µs; false: never }; and what each holds now.
local function claim(windows, now_us)
  local newest, totals, blocked = {}, {}, false
  for i, w in ipairs(windows) do
    newest[i], totals[i] = come_to(E .. 'w:' .. w[1], bucket_at(now_us, w[3]), w[3])
    blocked = blocked or totals[i] + w[4] > w[2]
  end
  if blocked then
    local worst, latest = 1, -1
    for i, w in ipairs(windows) do
      if w[4] > w[2] then
        return { i - 1, false }, totals
      end
      local excess = totals[i] + w[4] - w[2]
      if excess > 0 then
        local free = free_us(E .. 'w:' .. w[1], newest[i], w[3], excess)
        if free > latest then
          worst, latest = i, free
        end
      end
    end
    return { worst - 1, latest - now_us }, totals
  end
  for i, w in ipairs(windows) do
    count(E .. 'w:' .. w[1], newest[i], bucket_at(now_us, w[3]), w[4])
    totals[i] = totals[i] + w[4]
  end
  return nil, totals
end
