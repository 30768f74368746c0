-- Drops what is kept where Redis has not heard of all that was forgotten: it was put back to an earlier time.
--
-- order:  ..., how often some were forgotten, as the database has it
-- answer: 'ok', whether anything was dropped

local refused = stranger()
if refused then
  return refused
end
if tonumber(redis.call('GET', A .. 'told') or 0) >= order[5] then
  return answer('ok', false)
end
for _, part in ipairs({ 'kept', 'marks', 'sizes', 'until', 'used', 'bytes' }) do
  redis.call('UNLINK', A .. part)
end
redis.call('INCR', A .. 'forgotten')
redis.call('SET', A .. 'told', order[5], 'EX', LIVES_S)
return answer('ok', true)
