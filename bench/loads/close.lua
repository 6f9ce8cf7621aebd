-- A connection for every request.
require "report"

wrk.headers["Connection"] = "close"
