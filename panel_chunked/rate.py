"""How fast an upload goes, smoothed."""

import math

#: Seconds after which an old measurement has lost two thirds of its weight.
TIME_CONSTANT = 3.0


class Rate:
    """Exponentially weighted bytes per second; each measurement weighs as long as it lasted."""

    def __init__(self, now: float) -> None:
        self._time = now
        self._offset = 0
        self._rate: float | None = None

    def update(self, offset: int, now: float) -> None:
        """Take note that `offset` bytes were stored at `now` (seconds)."""
        elapsed = now - self._time
        if elapsed < 0.1:  # acks come in bursts; a rate needs time to be one
            return
        current = (offset - self._offset) / elapsed
        weight = 1 - math.exp(-elapsed / TIME_CONSTANT)
        self._rate = current if self._rate is None else self._rate + weight * (current - self._rate)
        self._time, self._offset = now, offset

    @property
    def bytes_per_second(self) -> float | None:
        """The smoothed rate; None before there is one."""
        return self._rate

    def time_left(self, remaining: int) -> float | None:
        """Seconds until `remaining` bytes are stored; None if there is no rate yet."""
        return remaining / self._rate if self._rate else None
