-- Who asks goes on, and who waits looks whether it still does.
--
-- order:  ..., lease in ms, asked here: { key, who } each, waited for: { key, who } each
-- answer: 'ok', for each that is waited for whether it is still under way

local refused = stranger()
if refused then
  return refused
end
for _, each in ipairs(order[6]) do
  if redis.call('GET', E .. 'flight:' .. each[1]) == each[2] then
    redis.call('PEXPIRE', E .. 'flight:' .. each[1], order[5])
  end
end
local still = {}
for i, each in ipairs(order[7]) do
  still[i] = redis.call('GET', E .. 'flight:' .. each[1]) == each[2]
  if still[i] then
    redis.call('SET', E .. 'waited:' .. each[1], 1, 'PX', order[5])
  end
end
return answer('ok', still)
