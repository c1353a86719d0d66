"""The event loop of a front: uvloop where it is installed, else asyncio."""

import asyncio


def new_loop() -> asyncio.AbstractEventLoop:
    """A new loop, set as the current one."""
    try:
        import uvloop
    except ImportError:
        loop = asyncio.new_event_loop()
    else:
        loop = uvloop.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop
