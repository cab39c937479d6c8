"""Which of the pages that show a widget are still there.

A notebook does not tell that a page was left, and a socket that was lost is soon back, so only
another page that is there says that one may be gone.
"""

import asyncio
import time
from collections.abc import Callable

from .batch import Batch

#: Seconds for which a page may say nothing once another one was heard; then its uploads end.
PATIENCE = 120.0


class Presence:
    """Ends the batches of pages that are gone.

    Parameters
    ----------
    batches
        Those that are open, by their key.
    end
        Ends one of them.
    """

    def __init__(self, batches: dict[str, Batch], end: Callable[[Batch], None]) -> None:
        self._batches = batches
        self._end = end
        self._heard: dict[str, float] = {}  # when, by page
        self._last = ""
        self._timer: asyncio.TimerHandle | None = None

    def hear(self, page: str) -> None:
        """Note that `page` has said something."""
        if page not in self._heard:  # pages come and go; those with an open batch count
            pages = {batch.page for batch in self._batches.values()}
            self._heard = {it: heard for it, heard in self._heard.items() if it in pages}
        self._heard[page] = time.monotonic()
        if page != self._last:
            self._last = page
            self._watch()

    def close(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self) -> None:
        others = any(batch.page != self._last for batch in self._batches.values())
        if others and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PATIENCE, self._end_unheard)

    def _end_unheard(self) -> None:
        self._timer = None
        latest = time.monotonic() - PATIENCE
        for batch in list(self._batches.values()):
            if batch.page != self._last and self._heard.get(batch.page, 0) <= latest:
                self._end(batch)
        self._watch()
