-- A request line and Host, the same bytes every time.
require "report"
