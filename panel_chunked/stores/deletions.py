"""Deletes in a thread of its own, as it may take long: a finalizer may run on the event loop."""

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

log = logging.getLogger(__name__)

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
    """Have it called, after what was put before. Safe in a finalizer."""
    _deletions.put(delete)


def _work() -> None:
    while True:
        delete = _deletions.get()
        try:
            delete()
        except Exception as error:
            log.warning("Temporary files could not be deleted: %s", error)
        del delete  # or it would be kept until the next one comes
