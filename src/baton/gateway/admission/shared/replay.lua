-- Counts again what a process has let pass, where Redis has forgotten it.
--
-- order:  ..., windows: { key, seconds, at (µs), amount } each
-- answer: 'ok'

local refused = stranger()
if refused then
  return refused
end
local now_us = clock_us()
for _, w in ipairs(order[5]) do
  local key = E .. 'w:' .. w[1]
  count(key, come_to(key, bucket_at(now_us, w[2]), w[2]), bucket_at(w[3], w[2]), w[4])
end
return answer('ok')
