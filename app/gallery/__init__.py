"""The ways in which Python serves HTTP, one file each, on the same routes.

`python -m app.gallery` lists them. Not deployed: the deployable two are `app.main` and
`app.aiohttp_app`, and stand here as well to be compared.
"""
