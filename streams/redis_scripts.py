"""What Redis does as one step: a worker that dies between two of these leaves nothing half done.

In each, what can fail for want of memory or for a wrong type comes before the first change.
"""

NOT_OURS, WRITTEN, REPEATED = 0, 1, 2

ANSWER = """
local source, output, mark = unpack(KEYS)
local group, entry, hash, analysis, kept_ms, most, delete = unpack(ARGV)
local pending = redis.pcall('XPENDING', source, group, entry, entry, 1)
if pending.err or #pending == 0 then return 0 end
local written = redis.call('EXISTS', mark) == 0
if written then
  if tonumber(most) > 0 then
    redis.call('XADD', output, 'MAXLEN', '~', most, '*', 'input_hash', hash, 'analysis', analysis)
  else
    redis.call('XADD', output, '*', 'input_hash', hash, 'analysis', analysis)
  end
  redis.call('SET', mark, '', 'PX', kept_ms)
end
redis.call('XACK', source, group, entry)
if delete == '1' then redis.call('XDEL', source, entry) end
return written and 1 or 2
"""
"""Keys: source, output, the mark that this paper was answered. Somebody else may have settled the entry, or
deleted the stream (0); the same paper may have come in another entry (2)."""

DEAD_LETTER = """
local source, dead = unpack(KEYS)
local group, entry, reason, detail, deliveries, delete = unpack(ARGV)
local pending = redis.pcall('XPENDING', source, group, entry, entry, 1)
if pending.err or #pending == 0 then return 0 end
local found = redis.call('XRANGE', source, entry, entry)[1]
local fields = found and found[2] or {}
if #fields > 4000 then fields = {}; delete = '0' end  -- Lua's stack holds no more; the source keeps them
for _, value in ipairs({'dead_entry', entry, 'dead_reason', reason, 'dead_detail', detail,
                        'dead_deliveries', deliveries}) do
  fields[#fields + 1] = value
end
redis.call('XADD', dead, '*', unpack(fields))
redis.call('XACK', source, group, entry)
if delete == '1' then redis.call('XDEL', source, entry) end
return 1
"""
"""The original is copied here rather than sent: it may be large."""

KEEP = """
local group, consumer = ARGV[1], ARGV[2]
for place = 3, #ARGV do
  if #redis.call('XPENDING', KEYS[1], group, ARGV[place], ARGV[place], 1, consumer) == 1 then
    redis.call('XCLAIM', KEYS[1], group, consumer, 0, ARGV[place], 'JUSTID')
  end
end
"""
"""Entries that are still this consumer's have been idle for no time; with JUSTID that counts as no delivery."""

GIVE_BACK = """
local group, consumer, entry, returned, idle_ms, deliveries = unpack(ARGV)
if #redis.call('XPENDING', KEYS[1], group, entry, entry, 1, consumer) == 1 then
  redis.call('XCLAIM', KEYS[1], group, returned, 0, entry, 'IDLE', idle_ms, 'RETRYCOUNT', deliveries, 'JUSTID')
end
"""
"""Idle for as long as a dead worker's, so that others claim it at once; this delivery does not count."""

LEAVE = """
if redis.call('XPENDING', KEYS[1], ARGV[1])[1] > 0 and
   #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
"""
"""A consumer may go only without messages: they would go with it."""

FORGET = """
for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local of = {}
  for place = 1, #consumer, 2 do of[consumer[place]] = consumer[place + 1] end
  if of.pending == 0 and of.idle > tonumber(ARGV[2]) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], of.name)
  end
end
"""
"""Workers that were killed leave their names behind."""
