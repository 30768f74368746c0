-- Raises what accounts have settled to what the ledger says, where that is more.
--
-- order:  ..., accounts: { key, settled } each
-- answer: 'ok'
--
-- In an open epoch a call may be in the ledger whose settlement is still on its way here: what calls hold counts
-- as if it were settled, so that nothing is counted twice. Before it opens no settlement is taken, and the
-- ledger's sum is what was settled.

local refused = stranger()
if refused then
  return refused
end
local open = redis.call('EXISTS', E .. 'open') == 1
for _, each in ipairs(order[5]) do
  local key = E .. 'b:' .. each[1]
  local found = redis.call('HMGET', key, 's', 'h', 'l')
  local settled = tonumber(found[1]) or 0
  local held = open and (tonumber(found[2]) or 0) - (tonumber(found[3]) or 0) or 0
  local wanted = tonumber(each[2]) - held
  redis.call('EXPIRE', key, KEPT_S)
  if wanted > settled then
    redis.call('HSET', key, 's', held == 0 and each[2] or string.format('%.0f', wanted))
  end
end
return answer('ok')
