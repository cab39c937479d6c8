"""Has stores sweep what has expired, as long as something is left in them."""

import logging
import threading

from panel_chunked import background

from .base import Sweepable

log = logging.getLogger(__name__)

#: Seconds between two looks, at the most.
MAX_INTERVAL = 60 * 60.0

_watched: dict[tuple[type, object], bool] = {}  # and whether more came during the last look
_watching = threading.Lock()


def watch(store: object) -> None:
    """Sweep `store` now, and from time to time until nothing is left that could expire."""
    if not isinstance(store, Sweepable):
        return
    with _watching:
        is_new = store.place not in _watched
        _watched[store.place] = not is_new
    if is_new:
        _begin(store)


def _begin(store: Sweepable) -> None:
    # Not `asyncio.to_thread`: the process would wait for it, and refuses it once it ends.
    thread = threading.Thread(
        target=_sweep, args=(store,), name="panel_chunked: sweep", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:  # there are too many threads, or the process ends
        _begin_later(store)


def _begin_later(store: Sweepable) -> None:
    loop = background.loop()
    interval = min(store.expiry / 2, MAX_INTERVAL)
    loop.call_soon_threadsafe(loop.call_later, interval, _begin, store)


def _sweep(store: Sweepable) -> None:
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
        _begin_later(store)
