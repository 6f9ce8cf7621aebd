"""Which event loop serves: uvloop where it is installed, plain asyncio where not."""

import asyncio
from importlib import metadata


def new_event_loop(choice: str = "auto") -> asyncio.AbstractEventLoop:
    """Make a loop. Raises ImportError when uvloop is asked for and is not installed."""
    if choice != "asyncio":
        try:
            import uvloop
        except ImportError:
            if choice == "uvloop":
                raise
        else:
            return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def has_uvloop(choice: str = "auto") -> bool:
    """Whether this choice gives uvloop."""
    if choice == "asyncio":
        return False
    try:
        import uvloop  # noqa: F401 (the question is whether it works here)
    except ImportError:
        return False
    return True


def describe(choice: str = "auto") -> str:
    """The name and version of the loop that this choice gives."""
    return f"uvloop {metadata.version('uvloop')}" if has_uvloop(choice) else "asyncio"
