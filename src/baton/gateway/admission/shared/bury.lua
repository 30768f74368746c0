-- Ends what a dead process held, with what the ledger says that its calls have cost.
--
-- order:  ..., whose, costs: interaction -> nano-USD (a text), last: whether there are no others; what is not
--         among them then never began, and costs nothing
-- answer: 'ok', how many holds were ended
--
-- An epoch that is not open yet has its accounts raised to the ledger's sums afterwards: there only what was
-- held is let go.

local refused = stranger()
if refused then
  return refused
end
local open = redis.call('EXISTS', E .. 'open') == 1
local costs, ended = order[6], 0
for _, name in ipairs(redis.call('HKEYS', E .. 'holds:' .. order[5])) do
  local interaction = string.match(name, '^([^/]*)/') or name
  if costs[interaction] or order[7] then
    settle(order[5], name, open and costs[interaction] or '0')
    costs[interaction] = nil -- of several holds the first takes all of it
    ended = ended + 1
  end
end
return answer('ok', ended)
