"""`make new`: a service of its own from this template; `make update`: a newer template for it.

A template is rendered: its files at HEAD, without the parts that were left out, with the names and
ports of the service. The rendering is a commit on the branch `template` of the service, from which
its `main` starts; a newer one is a commit on top of that, and git merges it. This package is not
part of what is rendered: a service makes no services.
"""
