"""Deletes in a thread of its own, as it may take long: a finalizer may run on the event loop."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

_deletions: SimpleQueue[Callable[[], object]] = SimpleQueue()
_thread: threading.Thread | None = None
_starting = threading.Lock()


def start() -> None:
    """Have what is put from now on be done."""
    global _thread
    with _starting:
        if _thread is None or not _thread.is_alive():  # as in a process that was forked
            _thread = threading.Thread(target=_work, name="panel_chunked: delete", daemon=True)
            _thread.start()


def put(delete: Callable[[], object]) -> None:
    """Have it called, after what was put before. It may not raise. Safe in a finalizer."""
    _deletions.put(delete)


def _work() -> None:
    while True:
        _deletions.get()()
