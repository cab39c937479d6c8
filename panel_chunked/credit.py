"""How many bytes may wait in memory for the stores: of one upload, and of all in this process.

An ack grants bytes beyond the offset, so what an upload holds is bounded however slow its store
is. Grants are shares of one pool. A browser that sends more than it was granted, or one of many
that begin at the same moment, finds the pool full: its chunk is dropped, and it is told to go on
from there when there is room again, in the order of asking.
"""

import threading
from collections.abc import Callable

MiB = 1024**2

#: Most bytes of one upload in memory: enough to keep a store of 100 MB/s busy over a round trip of
#: 150 ms.
MAX_GRANT = 16 * MiB

#: Most of one upload in memory, with what messages weigh besides.
MAX_HELD = MAX_GRANT * 17 // 16

#: Bytes that a new grant is a share of: if all of that arrives at once, the event loop has it off
#: its sockets in some 50 ms. Grants given before still hold, and no share is below `MIN_GRANT`.
SHARED_GRANT = 24 * MiB

#: Least that is granted, one small chunk: an upload always goes on.
MIN_GRANT = 64 * 1024

#: Granted before the first byte has come, when nothing is known of the upload's store, nor of how
#: many others begin. A page sends less at first, until it knows the way.
FIRST_GRANT = 256 * 1024

#: Most bytes in memory over all uploads of this process, unless the app sets another limit.
MEMORY_LIMIT = 256 * 1000**2

#: Seconds that a store may need for what is granted.
STORE_SECONDS = 1.0


class Pool:
    """The bytes in memory of all uploads of this process, on whatever event loop they are.

    Parameters
    ----------
    limit
        Most bytes. One chunk may always come in, whatever its size.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = 0
        self._running = 0
        self._waiting: dict[Credit, Callable[[], None]] = {}  # in the order of asking
        self._lock = threading.Lock()  # a process may have servers on several threads

    @property
    def held(self) -> int:
        """Bytes in memory."""
        return self._held

    @property
    def running(self) -> int:
        """Uploads that are sending."""
        return self._running

    @property
    def share(self) -> int:
        """Bytes for each upload that runs; a part is left for what messages weigh besides."""
        return min(SHARED_GRANT, self.limit * 15 // 16) // max(1, self._running)

    def begin(self) -> None:
        """Count an upload that begins to send."""
        with self._lock:
            self._running += 1

    def end(self, credit: "Credit") -> None:
        """Count an upload that has ended; it waits no more, and those behind it may go on."""
        with self._lock:
            self._running -= 1
            self._waiting.pop(credit, None)
        self.give_back(0)

    def take(self, size: int) -> bool:
        """Count `size` more bytes, or tell that there is no room for them."""
        with self._lock:
            if self._held > 0 and self._held + size > self.limit:
                return False
            self._held += size
            return True

    def wait(self, credit: "Credit", resume: Callable[[], None]) -> None:
        """Have `resume` called, in some thread, when there is room; first come first served."""
        with self._lock:
            self._waiting[credit] = resume
        self.give_back(0)  # there may be room by now

    def give_back(self, size: int) -> None:
        """Count `size` bytes as stored or dropped."""
        resumed: list[Callable[[], None]] = []
        with self._lock:
            self._held -= size
            room = self.limit - self._held
            while self._waiting and (room >= MIN_GRANT or not (self._held or resumed)):
                resumed.append(self._waiting.pop(next(iter(self._waiting))))
                room -= MIN_GRANT
        for resume in resumed:
            resume()


class Credit:
    """What one upload may hold of a pool, and what it holds.

    Parameters
    ----------
    pool
        Shared with all uploads of the process.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._held = 0
        self._running = False
        self._store_rate: float | None = None

    @property
    def grant(self) -> int:
        """Bytes beyond the offset that may be sent."""
        most = min(MAX_GRANT, self._pool.share)
        if self._store_rate is None:
            most = min(most, FIRST_GRANT)
        else:  # a slow store gets less, and what it gets is still a second's work
            most = min(most, int(self._store_rate * STORE_SECONDS))
        return max(MIN_GRANT, most)

    def begin(self) -> None:
        """Take a share of the pool, if it has none."""
        if not self._running:
            self._running = True
            self._pool.begin()

    def end(self) -> None:
        """Leave the share to others."""
        if self._running:
            self._running = False
            self._pool.end(self)

    def wait(self, resume: Callable[[], None]) -> None:
        """Have `resume` called, in some thread, when there is room again."""
        self._pool.wait(self, resume)

    def take(self, size: int) -> bool:
        """Hold `size` more bytes, or tell that they are beyond what may be held."""
        if self._held > 0 and self._held + size > MAX_HELD:
            return False
        if not self._pool.take(size):
            return False
        self._held += size
        return True

    def give_back(self, size: int) -> None:
        """Hold `size` bytes less."""
        self._held -= size
        self._pool.give_back(size)

    def stored(self, size: int, seconds: float) -> None:
        """Note that the store took `seconds` for `size` bytes."""
        rate = size / max(seconds, 1e-6)
        before = rate if self._store_rate is None else self._store_rate
        self._store_rate = before + (rate - before) / 4  # one slow write says little


#: The pool of this process; `panel_chunked.config` sets its limit.
pool = Pool(MEMORY_LIMIT)
