-- Raises what accounts have settled to what the ledger says, where that is more.
--
-- order:  ..., accounts: { key, settled } each
-- answer: 'ok'

local refused = stranger()
if refused then
  return refused
end
for _, each in ipairs(order[5]) do
  local key = E .. 'b:' .. each[1]
  local settled = tonumber(redis.call('HGET', key, 's')) or 0
  if tonumber(each[2]) > settled then
    redis.call('HSET', key, 's', each[2])
  end
end
return answer('ok')
