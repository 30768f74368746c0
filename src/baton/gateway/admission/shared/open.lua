-- One process more has had the ledger learn of all that ended, and has raised the accounts to its sums.
--
-- order:  ..., µs after the first one's coming forward in which the others are waited for: not since the epoch
--         began, or a database that was away for all would leave no time for the second one
-- answer: 'ok', whether the epoch is open, whether it was before

local refused = stranger()
if refused then
  return refused
end
local before = redis.call('EXISTS', E .. 'open') == 1
redis.call('SADD', E .. 'compared', order[2])
local opens_us = tonumber(redis.call('GET', E .. 'opens')) or 0
local now_us = clock_us()
redis.call('SET', E .. 'first', whole(now_us), 'NX')
local since_us = math.max(opens_us, tonumber(redis.call('GET', E .. 'first')))
local all = redis.call('SCARD', E .. 'compared') >= redis.call('SCARD', E .. 'joined')
if (now_us >= opens_us and all) or now_us >= since_us + order[5] then
  redis.call('SET', E .. 'open', 1)
end
return answer('ok', redis.call('EXISTS', E .. 'open') == 1, before)
