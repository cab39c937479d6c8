"""Wakes who waits for something to change, on whatever thread or event loop.

Native libraries read in threads of their own, pyarrow for one, and wait for these after Python has
ended. A thread that is in Python, or comes back to it, has the process abort then; from Python 3.14
on, it hangs. So all threads that the process does not wait for have to be out of it before.
"""

import asyncio
import atexit
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from weakref import WeakSet

from .background import executors_have_ended
from .stream import UploadCancelledError

#: Seconds between two looks whether the process ends.
LOOK_SECONDS = 1.0

#: Seconds that daemon threads have at the end of the process to let go of what is Python's.
LET_GO_SECONDS = 0.25

#: What daemon threads have waited for. What is raised there has its traceback, which keeps these
#: as long as a library keeps that.
_waited_for: "WeakSet[Changes]" = WeakSet()
_noting = threading.Lock()
_has_ended = False


class Changes:
    """Told of each change, and waited for by many.

    Ask for `next` before you look whether what you wait for is so: no change is missed then.
    """

    def __init__(self) -> None:
        self._waiting: set[Future[None]] = set()
        self._lock = threading.RLock()  # what is deleted meanwhile may have waited, too

    def next(self) -> "Future[None]":
        """Give what is done with the next change."""
        future: Future[None] = Future()
        with self._lock:
            self._waiting.add(future)
        return future

    def notify(self) -> None:
        """Note that something has changed. Safe in any thread."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until `condition` is true."""
        while True:
            changed = self.next()
            try:
                if condition():
                    return
                await asyncio.wrap_future(changed)
            finally:
                self._forget(changed)

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Block this thread until `condition` is true.

        Raises
        ------
        UploadCancelledError
            If the main thread has ended, and the process waits for this one: such as one of an
            executor, or one of the app that is no daemon. If the process ends, and this is a
            daemon thread, or one that Python has not started.
        """
        is_daemon = threading.current_thread().daemon
        if is_daemon:
            with _noting:
                _waited_for.add(self)
        while True:
            changed = self.next()
            try:
                if is_daemon and _has_ended:
                    raise UploadCancelledError("The process ends.")
                if condition():
                    return
                if wait([changed], LOOK_SECONDS).not_done and _is_waited_for():
                    raise UploadCancelledError("The process ends.")
            finally:
                self._forget(changed)

    def _forget(self, future: "Future[None]") -> None:
        with self._lock:
            self._waiting.discard(future)


def _is_waited_for() -> bool:
    """Tell whether the main thread has ended, and the process does not end before this thread."""
    return not threading.current_thread().daemon and executors_have_ended()


@atexit.register
def _end_daemons() -> None:
    """Wake daemon threads, and give them the time to leave Python.

    Those of functions that use an upload were told before, by `panel_chunked.stores.consumer`.
    """
    global _has_ended
    _has_ended = True
    with _noting:
        waited_for = list(_waited_for)
    for changes in waited_for:
        changes.notify()
    if waited_for:
        time.sleep(LET_GO_SECONDS)
