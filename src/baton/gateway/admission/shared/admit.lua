-- One request, or one attempt, in one step: what it takes of windows, whether its answer is there or on its
-- way, then what it holds of accounts.
--
-- order:  ..., at (µs; -1: now), windows, hold: { name, accounts, most, easy, usual, least } or false, look (answers.lua) or false
-- answer: 'over', at, which, wait (µs; false: for ever), totals of the windows
--         'ok', at, totals of the windows, seen, nanos held (a text)
--         'ok', at, totals of the windows, seen, false: no money was wished for, or none is needed
--         'ok', at, totals of the windows, seen, false, short: { which, free (a text), may be freed }
--         'ok', at, totals of the windows, seen, false, 0: the epoch is not open
--         seen: what was found of its answer, false: nothing was looked for

local refused = stranger()
if refused then
  return refused
end
local now_us = order[5] >= 0 and order[5] or clock_us()
local against, totals = claim(order[6], now_us)
if against then
  return answer('over', now_us, against[1], against[2], totals)
end
local wish, seen = order[7], order[8] and seek(order[8], clock_us())
if not wish or (seen and seen[1] ~= 'leads') then
  return answer('ok', now_us, totals, seen, false)
end
if redis.call('EXISTS', E .. 'open') == 0 then
  return answer('ok', now_us, totals, seen, false, 0)
end
local nanos, short = hold(wish[2], wish[1], wish[3], wish[4], wish[5], wish[6])
return answer('ok', now_us, totals, seen, nanos and whole(nanos) or false, short)
