-- Ends what a dead process held, with what the ledger says that its calls have cost.
--
-- order:  ..., whose, costs: interaction -> nano-USD (a text); one that is not there never began, and costs nothing
-- answer: 'ok', how many holds it had
--
-- An epoch that is not open yet has its accounts raised to the ledger's sums afterwards: there only what was
-- held is let go.

local refused = stranger()
if refused then
  return refused
end
local open = redis.call('EXISTS', E .. 'open') == 1
local costs = order[6]
local names = redis.call('HKEYS', E .. 'holds:' .. order[5])
for _, name in ipairs(names) do
  local interaction = string.match(name, '^(.*)/') or name
  settle(order[5], name, open and costs[interaction] or '0')
  costs[interaction] = nil -- of several holds the first takes all of it
end
return answer('ok', #names)
