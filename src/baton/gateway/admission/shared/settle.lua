-- What calls have come to, many at once.
--
-- order:  ..., holds: { process, name, cost } each, windows: { key, seconds, at (µs), more } each
-- answer: 'ok', for each hold what its accounts have settled by then, or false: it had ended
--         'closed': the epoch is not open; nothing was done

local refused = stranger()
if refused then
  return refused
end
if redis.call('EXISTS', E .. 'open') == 0 then
  return answer('closed')
end
local settled = {}
for i, each in ipairs(order[5]) do
  settled[i] = settle(each[1], each[2], each[3]) or false
end
for _, w in ipairs(order[6]) do
  local key = E .. 'w:' .. w[1]
  local newest = tonumber(redis.call('HGET', key, 'n'))
  if newest then
    count(key, newest, bucket_at(w[3], w[2]), w[4])
  end
end
return answer('ok', settled)
