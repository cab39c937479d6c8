"""Has stores sweep what has expired, as long as something is left in them."""

import asyncio
import logging

from panel_chunked import background

from .base import Sweepable

log = logging.getLogger(__name__)

#: Seconds between two looks, at the most.
MAX_INTERVAL = 60 * 60.0

_watched: dict[tuple[type, object], bool] = {}  # and whether more came during the last look
_tasks: set[asyncio.Task[None]] = set()  # an event loop keeps only weak references


def watch(store: object) -> None:
    """Sweep `store` now, and from time to time until nothing is left that could expire."""
    if isinstance(store, Sweepable):
        background.loop().call_soon_threadsafe(_watch, store)


def _watch(store: Sweepable) -> None:
    if store.place in _watched:
        _watched[store.place] = True
    else:
        _watched[store.place] = False
        _begin(store)


def _begin(store: Sweepable) -> None:
    _tasks.add(task := asyncio.get_running_loop().create_task(_sweep(store)))
    task.add_done_callback(_tasks.discard)


async def _sweep(store: Sweepable) -> None:
    _watched[store.place] = False
    try:
        is_something_left = await asyncio.to_thread(store.sweep)
    except Exception as error:  # whatever it is, later it may work
        log.warning("Uploads that have expired could not be deleted: %s", error)
        is_something_left = True
    if is_something_left or _watched[store.place]:
        loop = asyncio.get_running_loop()
        loop.call_later(min(store.expiry / 2, MAX_INTERVAL), _begin, store)
    else:
        del _watched[store.place]
