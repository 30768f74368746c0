-- An answer that is kept.
--
-- order:  ..., key
-- answer: 'ok', the answer or false

local refused = stranger()
if refused then
  return refused
end
return answer('ok', find(order[5], clock_us()) or false)
