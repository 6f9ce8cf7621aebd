"""Whether what is configured fits itself: nginx, gunicorn, Compose and the Procfile, side by side.

`rule` says what a rule is, `timers`, `sizes` and `wiring` are the rules, `evidence` is what they
look at, `nginx` and `examination` read it from the files. Nothing here changes anything.
"""
