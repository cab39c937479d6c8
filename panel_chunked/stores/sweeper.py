"""Has stores sweep what has expired, as long as something is left in them."""

import asyncio
import logging
import threading

from panel_chunked import background

from .base import Sweepable

log = logging.getLogger(__name__)

#: Seconds between two looks, at the least and at the most.
MIN_INTERVAL = 0.1
MAX_INTERVAL = 60 * 60.0

_watched: dict[tuple[type, object], bool] = {}  # and whether more came during the last look
_watching = threading.Lock()


def watch(store: object) -> None:
    """Sweep `store` from time to time, until nothing is left in it that could expire."""
    if not isinstance(store, Sweepable):
        return
    with _watching:
        is_new = store.place not in _watched
        _watched[store.place] = not is_new
    if is_new:
        _begin(store)


def _begin(store: Sweepable) -> None:
    # Not `asyncio.to_thread`: the process would wait for it, and refuses it once it ends.
    try:
        args, name = (store, background.loop()), "panel_chunked: sweep"
        threading.Thread(target=_sweep, args=args, name=name, daemon=True).start()
    except (RuntimeError, OSError):  # too many threads or files, or the process ends
        with _watching:
            del _watched[store.place]  # so that the next one who comes tries again


def _sweep(store: Sweepable, loop: asyncio.AbstractEventLoop) -> None:
    with _watching:
        _watched[store.place] = False
    try:
        is_something_left = store.sweep()
    except Exception as error:  # whatever it is, later it may work
        log.warning("Uploads that have expired could not be deleted: %s", error)
        is_something_left = True
    with _watching:
        is_over = not is_something_left and not _watched[store.place]
        if is_over:
            del _watched[store.place]
    if not is_over:
        interval = max(MIN_INTERVAL, min(store.expiry / 2, MAX_INTERVAL))
        loop.call_soon_threadsafe(loop.call_later, interval, _begin, store)
