"""What a request costs the server: CPU microseconds, beside nginx and the servers people know.

`python -m bench --help`. Measures from outside, over sockets and /proc: imports nothing of the app
but the table of the gallery's ways, which says how to start each and what it cannot do.
"""
