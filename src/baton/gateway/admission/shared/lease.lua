-- Keeps a small share of accounts for a process, counted as held: what it may spend while Redis is away.
--
-- order:  ..., share (all processes' together, of what is left), alive (µs: who has asked since is one of them),
--         accounts: { key, cap, what the process takes for its share now } each; cap 0: it wants none any more,
--         forgotten (µs: who has asked for nothing for so long, and whom nobody has buried, is lost with its journal)
-- answer: 'ok', how many processes, for each account its share from now on
--         'closed': the epoch is not open; it has none
--
-- A share grows here before its process knows of it, and shrinks here after it: an answer that is lost leaves
-- too much held, never too little. What a lost process held is taken to be spent.

local refused = stranger()
if refused then
  return refused
end
if redis.call('EXISTS', E .. 'open') == 0 then
  return answer('closed')
end
local now_us = clock_us()
redis.call('ZADD', P .. 'seen', now_us, order[2])
local processes = redis.call('ZCOUNT', P .. 'seen', now_us - order[6], '+inf')
for _, lost in ipairs(redis.call('ZRANGEBYSCORE', P .. 'seen', '-inf', now_us - order[8], 'LIMIT', 0, 1)) do
  redis.call('ZREM', P .. 'seen', lost)
  for _, name in ipairs(redis.call('HKEYS', E .. 'holds:' .. lost)) do
    local nanos = cmsgpack.unpack(redis.call('HGET', E .. 'holds:' .. lost, name))[1]
    settle(lost, name, string.sub(name, 1, 6) == 'lease/' and '0' or nanos)
  end
end
local shares = {}
for i, account in ipairs(order[7]) do
  local name = 'lease/' .. account[1]
  local kept = redis.call('HGET', E .. 'holds:' .. order[2], name)
  local before = kept and tonumber(cmsgpack.unpack(kept)[1]) or 0
  local settled, held = sums(E .. 'b:' .. account[1])
  shares[i] = math.max(0, math.floor((account[2] - settled - held + before) * order[5] / processes))
  local now = math.max(shares[i], math.min(before, account[3]))
  if now ~= before then
    redis.call('HINCRBY', E .. 'b:' .. account[1], 'h', whole(now - before))
    redis.call('HINCRBY', E .. 'b:' .. account[1], 'l', whole(now - before))
    if now == 0 then
      redis.call('HDEL', E .. 'holds:' .. order[2], name)
    else
      redis.call('HSET', E .. 'holds:' .. order[2], name, cmsgpack.pack({ whole(now), { account[1] } }))
    end
  end
end
return answer('ok', processes, shares)
