-- Money, in nano-USD. An account is a hash: s = settled, h = held, l = how much of that are leases.
--
-- Lua's numbers are exact to 9 million USD in nano-USD; beyond that a comparison may be off by some hundred
-- nano-USD, the sums themselves never: Redis adds them up as integers.

local KEPT_S = 7 * 86400 -- the ledger's sum comes back with the next comparison

local function sums(key)
  local found = redis.call('HMGET', key, 's', 'h')
  return tonumber(found[1]) or 0, tonumber(found[2]) or 0
end

-- Holds under a name for a call, in every account { key, cap }: `most` where each has `easy` free; else
-- `usual`, or what is left where that is at least `least`. Gives what is held, or nil and what is short:
-- { which (from 0), what it has free, whether somebody holds some of it }.
local function hold(accounts, name, most, easy, usual, least)
  local free, short = {}, nil
  local fewest = math.huge
  for i, account in ipairs(accounts) do
    local settled, held = sums(E .. 'b:' .. account[1])
    free[i] = account[2] - settled - held
    fewest = math.min(fewest, free[i])
    if not short and (free[i] < math.min(least, usual) or free[i] <= 0) then
      short = { i - 1, whole(free[i]), held > 0 }
    end
  end
  local nanos = most
  if fewest < easy then
    nanos = usual
    if usual > 0 and fewest < usual then
      if short then
        return nil, short
      end
      nanos = fewest
    end
  end
  local keys = {}
  for i, account in ipairs(accounts) do
    local key = E .. 'b:' .. account[1]
    if redis.call('HINCRBY', key, 'h', whole(nanos)) == nanos then
      redis.call('EXPIRE', key, KEPT_S)
    end
    keys[i] = account[1]
  end
  redis.call('HSET', E .. 'holds:' .. order[2], name, cmsgpack.pack({ whole(nanos), keys }))
  return nanos, nil
end

-- Ends a hold of a process with what its call has cost (a text); gives what each account has settled by then, or nil:
-- it had ended.
local function settle(process, name, cost)
  local kept = redis.call('HGET', E .. 'holds:' .. process, name)
  if not kept then
    return nil
  end
  redis.call('HDEL', E .. 'holds:' .. process, name)
  kept = cmsgpack.unpack(kept)
  local settled = {}
  for i, name_of in ipairs(kept[2]) do
    local key = E .. 'b:' .. name_of
    if kept[1] ~= '0' then
      redis.call('HINCRBY', key, 'h', '-' .. kept[1])
      if string.sub(name, 1, 6) == 'lease/' then
        redis.call('HINCRBY', key, 'l', '-' .. kept[1])
      end
    end
    settled[i] = whole(redis.call('HINCRBY', key, 's', cost))
  end
  return settled
end
