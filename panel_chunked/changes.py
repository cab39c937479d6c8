"""Wakes who waits for something to change, on whatever thread or event loop.

Some libraries read in threads of their own, which Python has not started: pyarrow, for one. The
process waits for them, and must not end under them (`_end_foreign`).
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

#: Seconds that the threads of libraries have at the end of the process, to let go of what is
#: Python's: a thread that does so later has the process abort, before Python 3.14.
LET_GO_SECONDS = 0.25

#: What threads of libraries have waited for.
_foreign: "WeakSet[Changes]" = WeakSet()
_noting = threading.Lock()
_has_ended = False


class Changes:
    """Told of each change, and waited for by many.

    Ask for `next` before you look whether what you wait for is so: no change is missed then.
    """

    def __init__(self) -> None:
        self._waiting: set[Future[None]] = set()
        self._lock = threading.Lock()

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
            executor, one of the app that is no daemon, or one of a library.
        """
        is_foreign = isinstance(threading.current_thread(), threading._DummyThread)
        if is_foreign:
            with _noting:
                _foreign.add(self)
        while True:
            changed = self.next()
            try:
                if condition():
                    return
                if is_foreign and _has_ended:
                    raise UploadCancelledError("The process ends.")
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
def _end_foreign() -> None:
    """Wake what blocks threads of libraries, and give those the time to return from Python."""
    global _has_ended
    _has_ended = True
    with _noting:
        foreign = list(_foreign)
    for changes in foreign:
        changes.notify()
    if foreign:
        time.sleep(LET_GO_SECONDS)
