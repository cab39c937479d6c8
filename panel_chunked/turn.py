"""Turns that threads take without waiting for each other."""

import threading
from collections.abc import Callable


class Turn:
    """Lets one thread at a time work. One that comes meanwhile is told when it may come again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # never held while anything is called
        self._owner: int | None = None
        self._waiting: list[Callable[[], None]] = []

    def take(self, work: Callable[[], None], later: Callable[[], None]) -> None:
        """Run `work` now, or have `later` called when the thread whose turn it is has done.

        Parameters
        ----------
        work
            What to run. It may take a turn itself.
        later
            Asks for another turn. It is called on the other thread, so it returns at once and
            raises nothing.
        """
        thread = threading.get_ident()
        with self._lock:
            outer = self._owner
            if outer not in (None, thread):
                self._waiting.append(later)
                return
            self._owner = thread
        try:
            work()
        finally:
            if outer is None:
                self._pass_on()

    def _pass_on(self) -> None:
        with self._lock:
            self._owner = None
            waiting, self._waiting = self._waiting, []
        for later in waiting:
            later()
