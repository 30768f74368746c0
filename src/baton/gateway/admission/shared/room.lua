-- How much room the answers take that are kept.
--
-- order:  ...
-- answer: 'ok', entries, bytes (a text)

local refused = stranger()
if refused then
  return refused
end
return answer('ok', redis.call('ZCARD', A .. 'used'), redis.call('GET', A .. 'bytes') or '0')
