"""Hands the chunks of an upload from who receives them to who uses them, one at a time."""

import threading

from .changes import Changes


class Pipe:
    """Holds one chunk, until its reader has taken all of it.

    The writer waits for that before it puts the next one, which is what slows the browser down to
    the speed of the reader. Safe in any thread. A `panel_chunked.stream.Source`.
    """

    def __init__(self) -> None:
        self.changes = Changes()
        self._lock = threading.Lock()
        self._chunk = memoryview(b"")
        self._closed = False
        self._error: Exception | None = None

    @property
    def is_empty(self) -> bool:
        """Whether everything that was put in was taken."""
        return not self._chunk

    @property
    def size(self) -> int:
        """Bytes that wait to be taken."""
        return len(self._chunk)

    @property
    def is_ready(self) -> bool:
        """Whether `take` has something to say."""
        return bool(self._chunk) or self._closed

    async def read(self, size: int) -> bytes:
        while True:
            await self.changes.until(lambda: self.is_ready)
            if (taken := self.take(size)) or self._closed:
                return bytes(taken)

    def read_into(self, buffer: memoryview) -> int:
        while True:
            self.changes.wait_until(lambda: self.is_ready)
            if (taken := self.take(len(buffer))) or self._closed:
                buffer[: len(taken)] = taken
                return len(taken)

    def put(self, chunk: bytes | memoryview) -> None:
        """Offer the next chunk; the one before must have been taken."""
        with self._lock:
            if not self._closed:
                self._chunk = memoryview(chunk)
        self.changes.notify()

    def take(self, size: int = -1) -> memoryview:
        """Take what is there, at most `size` bytes if that is not negative; nothing at the end.

        Raises
        ------
        Exception
            That of `close`.
        """
        with self._lock:
            if self._error is not None:
                raise self._error
            end = len(self._chunk) if size < 0 else size
            taken, self._chunk = self._chunk[:end], self._chunk[end:]
            is_empty = not self._chunk
        if taken and is_empty:
            self.changes.notify()
        return taken

    def close(self, error: Exception | None = None) -> None:
        """Note that nothing more comes; with an error, what is there is not taken either."""
        with self._lock:
            self._closed = True
            self._error = self._error or error
            if self._error is not None:
                self._chunk = memoryview(b"")
        self.changes.notify()
