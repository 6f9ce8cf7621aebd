"""One route on FastAPI, its answer ready-made so that no model is validated on the way out."""

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

application = FastAPI()


@application.get("/plaintext")
async def plaintext() -> PlainTextResponse:
    """The 13 bytes."""
    return PlainTextResponse("Hello, World!")
