-- Forgets answers by their marks, some hundred at a time.
--
-- order:  ..., the cursor ('0': from the beginning), marks: all of which an answer must have, how often some were
--         forgotten, as the database has it
-- answer: 'ok', the next cursor ('0': that was all), how many were forgotten

local SOME = 200

local refused = stranger()
if refused then
  return refused
end
if order[5] == '0' then
  redis.call('INCR', A .. 'forgotten')
  if tonumber(redis.call('GET', A .. 'told') or 0) < order[7] then
    redis.call('SET', A .. 'told', order[7], 'EX', LIVES_S)
  end
end
local found = redis.call('HSCAN', A .. 'marks', order[5], 'COUNT', SOME)
local count = 0
for at = 1, #found[2], 2 do
  local has = {}
  for _, mark in ipairs(cmsgpack.unpack(found[2][at + 1])) do
    has[mark] = true
  end
  local meant = true
  for _, mark in ipairs(order[6]) do
    meant = meant and has[mark]
  end
  if meant then
    drop(found[2][at])
    count = count + 1
  end
end
return answer('ok', found[1], count)
