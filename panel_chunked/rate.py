"""How fast an upload goes, smoothed."""

import math

#: Seconds after which an old measurement has lost two thirds of its weight.
TIME_CONSTANT = 3.0

#: Seconds of measurements that a time left needs: the start of an upload says little.
SETTLED = 2.0


class Rate:
    """Exponentially weighted bytes per second; each measurement weighs as long as it lasted.

    What was stored before it begins, up to `offset`, does not count. At first it is the mean since
    the start, so that a slow start is soon forgotten.
    """

    def __init__(self, now: float, offset: int) -> None:
        self._start = self._time = now
        self._offset = offset
        self._rate: float | None = None

    def update(self, offset: int, now: float) -> None:
        """Take note that `offset` bytes were stored at `now` (seconds)."""
        elapsed = now - self._time
        if elapsed < 0.1:  # acks come in bursts; a rate needs time to be one
            return
        current = (offset - self._offset) / elapsed
        weight = max(elapsed / (now - self._start), 1 - math.exp(-elapsed / TIME_CONSTANT))
        rate = self._rate or 0.0
        self._rate = rate + weight * (current - rate)
        self._time, self._offset = now, offset

    @property
    def bytes_per_second(self) -> float | None:
        """The smoothed rate; None before there is one."""
        return self._rate

    def time_left(self, remaining: int) -> float | None:
        """Seconds until `remaining` bytes are stored; None as long as that is not known."""
        settled = self._time - self._start >= SETTLED
        return remaining / self._rate if settled and self._rate else None
