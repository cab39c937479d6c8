"""An event loop of our own, for notebooks.

A kernel takes the messages of a page on its main thread, or on threads that come and go with what
is shown (JEP 91, "subshells"). The uploads must not end with one of these.
"""

import asyncio
import threading

_starting = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    """Give the loop, which runs on a daemon thread as long as the process lives."""
    global _loop
    with _starting:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="panel_chunked", daemon=True).start()
        return _loop
