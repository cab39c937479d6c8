"""Uploads that a function of the app uses while they arrive; nothing of them is stored."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial

from panel_chunked.checksum import checksum as checksum_of
from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo

from .base import EnoughError, InterruptedUploadError, TakenOverError
from .consumer import Consumer, Handler

#: Seconds for which a function waits for the page to come back.
GRACE = 10 * 60.0

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
    """

    def __init__(
        self,
        handler: Handler,
        *,
        expiry: float = GRACE,
        within: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self.handler = handler
        self.expiry = expiry
        self._within = within

    async def create(self, info: UploadInfo) -> "StreamUpload":
        consumer = Consumer(info, self.handler, self._within)
        stream = _streams[info.id] = _Stream(info, consumer, _code(self.handler))
        stream.consumer.start()
        return StreamUpload(stream)

    async def find(self, upload_id: str) -> UploadInfo | None:
        stream = _streams.get(upload_id)
        if stream is None or stream.consumer.error is not None:
            return None
        # A session that has made another function of the same code goes on with the first one's.
        return stream.info if stream.code == _code(self.handler) else None

    async def resume(self, upload_id: str) -> "StreamUpload":
        if await self.find(upload_id) is None:
            raise FileNotFoundError(f"Nothing is known of upload {upload_id}.")
        return StreamUpload(_streams[upload_id])

    @property
    def place(self) -> tuple[type, object]:
        """The same for stores that sweep the same streams."""
        return type(self), None

    def sweep(self) -> bool:
        """Cancel what nobody goes on with in time; tell whether something is left."""
        oldest = time.monotonic() - self.expiry
        for stream in list(_streams.values()):
            if stream.left is not None and stream.left < oldest:
                stream.cancel()
        return bool(_streams)


class _Stream:
    """One upload, whoever sends it at the moment."""

    def __init__(self, info: UploadInfo, consumer: Consumer, code: object) -> None:
        self.info = info
        self.code = code
        self.consumer = consumer
        self.offset = 0
        self.checksum = 0
        self.writer: StreamUpload | None = None
        self.left: float | None = None  # when the last writer has left it
        self.file: UploadedFile | None = None

    def put(self, data: bytes | memoryview) -> None:
        self.consumer.pipe.put(data)
        self.offset += len(data)
        self.checksum = checksum_of(data, self.checksum)

    def complete(self) -> UploadedFile:
        if self.file is None:
            result = self.consumer.outcome()
            self.file = UploadedFile(
                self.info, None, result=result, received=self.offset, forget=self.forget
            )
        return self.file

    def cancel(self) -> None:
        self.forget()
        self.consumer.cancel()

    def forget(self) -> None:
        _streams.pop(self.info.id, None)


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
        stream.writer, stream.left = self, None
        self._consumer.pipe.changes.notify()  # the one before waits, perhaps

    @property
    def offset(self) -> int:
        return self._stream.offset

    @property
    def file(self) -> UploadedFile | None:
        return self._stream.file

    async def checksum(self, start: int = 0, before: int = 0) -> int:
        return self._stream.checksum

    def watch(self, over: Callable[[], None]) -> None:
        self._consumer.on_over = over

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
        self._stream.left = time.monotonic()
        return self._stream.complete()

    def interrupt(self) -> None:
        self._is_interrupted = True
        self._consumer.pipe.changes.notify()

    async def suspend(self) -> None:
        if self._is_writer:
            self._stream.left = time.monotonic()

    async def terminate(self) -> None:
        if self._is_writer and self.file is None:
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
