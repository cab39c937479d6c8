"""Uploads that a function of the app uses while they arrive; nothing of them is stored."""

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from panel_chunked.checksum import checksum as checksum_of
from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo

from . import sweeper
from .base import EnoughError, InterruptedUploadError, TakenOverError, check_expiry
from .consumer import Consumer, Handler, Within

#: Seconds for which a function waits for the page to come back.
GRACE = 10 * 60.0

#: Most that wait for their pages in this process, and bytes of theirs that nobody has taken yet.
#: Beyond that, what has waited longest is cancelled.
MAX_LEFT = 100
MAX_LEFT_BYTES = 64 * 1024**2

#: Most that are complete and remembered, as their pages may not have heard of it.
MAX_COMPLETE = 1000

#: Uploads that go on, by their id: a page may come back to another session of this process.
_streams: dict[str, "_Stream"] = {}


class StreamStore:
    """Hands each upload to a function of the app, while it arrives.

    A function as `destination` of the widget makes such a store;
    ``destination=StreamStore(function, expiry=60)`` one with another setting.

    Parameters
    ----------
    handler
        ``async def`` with a `panel_chunked.UploadStream`, or ``def`` with a
        `panel_chunked.UploadReader`, which runs in a thread of its own. It is called with the first
        byte. What it returns is `UploadedFile.result`; it may return before the end, and then the
        rest is not sent. What it raises is said to the page. When the upload is cancelled, a
        coroutine is cancelled, and a function gets `panel_chunked.UploadCancelledError` as it
        reads.
    expiry
        Seconds for which it waits for a page that is gone, before it is cancelled.
    within
        Makes a context in which the function runs.

    Raises
    ------
    ValueError
        If `expiry` is not positive.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        expiry: float = GRACE,
        within: Within = nullcontext,
    ) -> None:
        check_expiry(expiry)
        self.handler = handler
        self.expiry = float(expiry)
        self._within = within

    async def create(self, info: UploadInfo) -> "StreamUpload":
        stream = _Stream(info, _code(self.handler), self.expiry)
        stream.consumer.start(self.handler, self._within)
        _streams[info.id] = stream
        sweeper.watch(_Waiting(self.expiry))
        return StreamUpload(stream)

    async def find(self, upload_id: str) -> UploadInfo | None:
        stream = _streams.get(upload_id)
        # A session that has made another function of the same code goes on with the first one's.
        is_ours = stream is not None and stream.code == _code(self.handler)
        return stream.info if stream is not None and is_ours else None

    async def resume(self, upload_id: str) -> "StreamUpload":
        stream = _streams.get(upload_id)  # it may be swept meanwhile
        if stream is None or await self.find(upload_id) is None:
            raise FileNotFoundError(f"Nothing is known of upload {upload_id}.")
        return StreamUpload(stream)


class _Waiting:
    """The uploads that may wait for their pages for as long as each other, for the sweeper."""

    def __init__(self, expiry: float) -> None:
        self.expiry = expiry

    @property
    def place(self) -> tuple[type, object]:
        return type(self), self.expiry

    def sweep(self) -> bool:
        before = time.monotonic() - self.expiry
        own = [stream for stream in list(_streams.values()) if stream.expiry == self.expiry]
        for stream in own:
            stream.expire(before)
        return any(_streams.get(stream.info.id) is stream for stream in own)


class _Stream:
    """One upload, whoever sends it at the moment."""

    def __init__(self, info: UploadInfo, code: object, expiry: float) -> None:
        self.info = info
        self.code = code
        self.expiry = expiry
        self.consumer = Consumer(info)
        self.offset = 0
        self.checksum = 0
        self.writer: StreamUpload | None = None
        self.left: float | None = None  # when the last writer has left it
        self.is_complete = False
        self._is_gone = False
        self._lock = threading.Lock()  # it is swept in a thread

    def take(self, writer: "StreamUpload") -> None:
        """Have another one send it."""
        with self._lock:
            if self._is_gone:
                raise FileNotFoundError(f"Upload {self.info.id} was cancelled.")
            self.writer, self.left = writer, None
        self.consumer.pipe.changes.notify()  # the one before waits, perhaps

    def leave(self, writer: "StreamUpload") -> None:
        """Note that nobody sends it, unless another one does."""
        with self._lock:
            if self.writer is writer:
                self.left = time.monotonic()
        _make_room()

    def expire(self, before: float) -> None:
        """Cancel it if it was left before that."""
        with self._lock:
            if self.left is None or self.left >= before:
                return
            self._is_gone = True
        self.cancel()

    def put(self, data: bytes | memoryview) -> None:
        self.consumer.pipe.put(data)
        self.offset += len(data)
        self.checksum = checksum_of(data, self.checksum)

    def complete(self) -> UploadedFile:
        """Give a file for whoever asks: what it is told by its session is not kept here."""
        result = self.consumer.outcome()
        self.is_complete = True
        return UploadedFile(
            self.info, None, result=result, received=self.offset, forget=self.forget
        )

    def cancel(self) -> None:
        self.forget()
        self.consumer.cancel()

    def forget(self) -> None:
        _streams.pop(self.info.id, None)


def _make_room() -> None:
    """Cancel what has waited longest for its page, if too much waits."""
    all_left = [(it.left, it) for it in list(_streams.values()) if it.left is not None]
    all_left.sort(key=lambda entry: entry[0])
    complete = [it for _, it in all_left if it.is_complete]
    for stream in complete[: max(0, len(complete) - MAX_COMPLETE)]:
        stream.forget()
    left = [(since, it) for since, it in all_left if not it.is_complete]
    size = sum(it.consumer.pipe.size for _, it in left)
    for count, (since, stream) in zip(range(len(left), 0, -1), left, strict=True):
        if count <= MAX_LEFT and size <= MAX_LEFT_BYTES:
            return
        size -= stream.consumer.pipe.size
        stream.expire(since + 1)


def _code(handler: Handler) -> object:
    """Give what is the same for a function when a session runs the app's script anew."""
    while isinstance(handler, partial):
        handler = handler.func
    call = getattr(type(handler), "__call__", None)  # noqa: B004 (an object that may be called)
    return getattr(handler, "__code__", None) or getattr(call, "__code__", handler)


class StreamUpload:
    """One who sends an upload to its function; the next one takes its place."""

    def __init__(self, stream: _Stream) -> None:
        self._stream = stream
        self._consumer = stream.consumer
        self._is_interrupted = False
        stream.take(self)

    @property
    def offset(self) -> int:
        return self._stream.offset

    @property
    def file(self) -> UploadedFile | None:
        return self._stream.complete() if self._stream.is_complete else None

    async def checksum(self, start: int = 0, before: int = 0) -> int:
        return self._stream.checksum

    def watch(self, over: Callable[[], None]) -> None:
        self._consumer.when_over(over)

    async def append(self, data: bytes | memoryview) -> None:
        pipe = self._consumer.pipe
        await self._until(lambda: pipe.is_empty)  # the one before may not have waited for that
        if not self._consumer.is_over:
            self._stream.put(data)
            await self._until(lambda: pipe.is_empty)
        if self._consumer.is_over:
            raise EnoughError

    async def finish(self) -> UploadedFile:
        await self._until(lambda: True)  # it may not be the writer any more
        self._consumer.pipe.close()
        await self._until(lambda: False)
        try:
            return self._stream.complete()
        finally:
            self._stream.leave(self)

    def interrupt(self) -> None:
        self._is_interrupted = True
        self._consumer.pipe.changes.notify()

    async def suspend(self) -> None:
        self._stream.leave(self)

    async def terminate(self) -> None:
        if self._is_writer and not self._stream.is_complete:
            self._stream.cancel()

    @property
    def _is_writer(self) -> bool:
        return self._stream.writer is self

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait until it is so, or the function is done.

        Raises
        ------
        TakenOverError
        InterruptedUploadError
        """
        consumer = self._consumer
        await consumer.pipe.changes.until(
            lambda: condition() or consumer.is_over or self._is_interrupted or not self._is_writer
        )
        if not self._is_writer:
            raise TakenOverError
        if self._is_interrupted:
            raise InterruptedUploadError
