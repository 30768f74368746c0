-- One request, or one attempt, in one step: what it takes of windows, then what it holds of accounts.
--
-- order:  ..., at (µs; -1: now), windows, hold: { name, accounts, most, easy, usual, least } or false
-- answer: 'over', at, which, wait (µs; false: for ever), totals of the windows
--         'ok', at, totals of the windows, nanos held (a text)
--         'ok', at, totals of the windows, false: no money was wished for
--         'ok', at, totals of the windows, false, short: { which, free (a text), may be freed }
--         'ok', at, totals of the windows, false, 0: the epoch is not open

local refused = stranger()
if refused then
  return refused
end
local now_us = order[5] >= 0 and order[5] or clock_us()
local against, totals = claim(order[6], now_us)
if against then
  return answer('over', now_us, against[1], against[2], totals)
end
local wish = order[7]
if not wish then
  return answer('ok', now_us, totals, false)
end
if redis.call('EXISTS', E .. 'open') == 0 then
  return answer('ok', now_us, totals, false, 0)
end
local nanos, short = hold(wish[2], wish[1], wish[3], wish[4], wish[5], wish[6])
return answer('ok', now_us, totals, nanos and whole(nanos) or false, short)
