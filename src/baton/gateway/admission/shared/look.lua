-- What windows and accounts hold.
--
-- order:  ..., at (µs; -1: now), windows: { key, seconds } each, keys of accounts
-- answer: 'ok', at, for each window { what it holds, when it is empty (µs; 0: it is) },
--         for each account { settled, held }

local refused = stranger()
if refused then
  return refused
end
local now_us = order[5] >= 0 and order[5] or clock_us()
local windows, accounts = {}, {}
for i, w in ipairs(order[6]) do
  local key = E .. 'w:' .. w[1]
  if redis.call('EXISTS', key) == 1 then
    local newest, total = come_to(key, bucket_at(now_us, w[2]), w[2])
    windows[i] = { total, emptied_us(key, newest, w[2], total) }
  else
    windows[i] = { 0, 0 }
  end
end
for i, name in ipairs(order[7]) do
  local found = redis.call('HMGET', E .. 'b:' .. name, 's', 'h')
  accounts[i] = { found[1] or '0', found[2] or '0' }
end
return answer('ok', now_us, windows, accounts)
