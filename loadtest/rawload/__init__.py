"""A locust user that is one connection, fast enough to see what a fast server does.

It asks with raw bytes from gevent's own event loop, checks every answer, and takes exactly as many
requests as it was given. Knows nothing of which servers are compared.
"""
