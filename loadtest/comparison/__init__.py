"""Several servers under the same loads, in interleaved rounds, as one report.

`python -m loadtest.comparison --help`. Starts the servers as `bench` does and has locust make the
load, one process of it for each measurement. Knows nothing of how a request is sent.
"""
