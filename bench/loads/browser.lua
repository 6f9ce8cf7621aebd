-- What arrives behind nginx: 12 fields, about 530 bytes, one of them new in every request.
require "report"

-- Only the counter changes: two concatenations a request, so that the generator is not the limit.
local before, after, number

function init(args)
   before = table.concat({
      "GET " .. wrk.path .. " HTTP/1.1",
      "Host: " .. wrk.headers["Host"],
      "X-Real-IP: 203.0.113.7",
      "X-Forwarded-For: 203.0.113.7",
      "X-Forwarded-Proto: https",
      "X-Request-Id: 5f0c8a917e3d42b6" }, "\r\n")
   after = table.concat({ "",
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      "Accept-Language: en-GB,en;q=0.5",
      "Accept-Encoding: gzip, deflate, br",
      "Referer: https://www.example.com/",
      "Cookie: session=4b1f9c7d2e6a58037b9d41c6; consent=all; tz=Europe%2FBerlin",
      "Cache-Control: max-age=0", "", "" }, "\r\n")
   number = 0
end

function request()
   number = number + 1
   return before .. string.format("%016x", number) .. after
end
