-- Says which epoch it is; begins one where there is none, or where the one that goes on is known to be over.
--
-- An epoch opens once everybody who joined it has had the ledger learn of all that ended (open.lua); until
-- then it gives no money out and takes no settlements, so that its accounts are the ledger's and no sum is
-- counted twice or hidden behind another.
--
-- order:  { the epoch that is to begin, the one that is over or '', who joins, µs that others have to join }
-- answer: 'ok', epoch, µs until it may open; -1: it is open

local P = '{baton}:'
local wanted = cmsgpack.unpack(ARGV[1])
local time = redis.call('TIME')
local now_us = time[1] * 1000000 + time[2]
local epoch = redis.call('GET', P .. 'epoch')
if not epoch or epoch == wanted[2] then
  for _, part in ipairs({ 'kept', 'marks', 'sizes', 'until', 'used', 'bytes', 'forgotten' }) do
    redis.call('UNLINK', P .. wanted[2] .. ':answers:' .. part)
  end
  epoch = wanted[1]
  redis.call('SET', P .. 'epoch', epoch)
  redis.call('SET', P .. epoch .. ':opens', string.format('%.0f', now_us + wanted[4]))
end
local E = P .. epoch .. ':'
redis.call('ZADD', P .. 'seen', now_us, wanted[3])
if redis.call('EXISTS', E .. 'open') == 1 then
  return cmsgpack.pack({ 'ok', epoch, -1 })
end
redis.call('SADD', E .. 'joined', wanted[3])
return cmsgpack.pack({ 'ok', epoch, math.max(0, tonumber(redis.call('GET', E .. 'opens')) - now_us) })
