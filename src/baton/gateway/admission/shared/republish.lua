-- Puts back what a process holds, where Redis has forgotten it; what it knows already stays as it is.
--
-- order:  ..., holds: { name, nanos (a text), keys of accounts } each
-- answer: 'ok'

local refused = stranger()
if refused then
  return refused
end
for _, each in ipairs(order[5]) do
  if redis.call('HSETNX', E .. 'holds:' .. order[2], each[1], cmsgpack.pack({ each[2], each[3] })) == 1 then
    for _, name in ipairs(each[3]) do
      redis.call('HINCRBY', E .. 'b:' .. name, 'h', each[2])
    end
  end
end
return answer('ok')
