"""An event loop of our own, and what the end of the process is to what goes on in the background.

A kernel takes the messages of a page on its main thread, or on threads that come and go with what
is shown (JEP 91, "subshells"). The uploads must not end with one of these.
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

_starting = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_probe = ThreadPoolExecutor(1, "panel_chunked: probe")


def loop() -> asyncio.AbstractEventLoop:
    """Give the loop, which runs on a daemon thread as long as the process lives."""
    global _loop
    with _starting:
        if _loop is None:
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="panel_chunked", daemon=True).start()
            _loop = loop
        return _loop


def process_ends() -> bool:
    """Tell whether the main thread has ended. From then on, no work is taken by any executor."""
    try:
        _probe.submit(int)
    except RuntimeError as error:  # or a thread cannot be started for another reason
        return "shutdown" in str(error)
    return False
