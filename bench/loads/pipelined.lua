-- Sixteen plain requests in one write.
require "report"

local batch

function init(args)
   batch = string.rep(wrk.format(), 16)
end

function request()
   return batch
end
