"""Reads what is stored of an upload while it grows."""

import threading
from typing import BinaryIO, Protocol

from .background import to_thread
from .changes import Changes
from .stream import UploadCancelledError

#: Bytes that are read at once, where no other number is asked for.
PIECE_SIZE = 1024**2


class Growing(Protocol):
    """An upload, see `panel_chunked.handler.UploadHandler`."""

    changes: Changes

    @property
    def offset(self) -> int:
        """Bytes stored."""

    @property
    def ended(self) -> bool:
        """Whether no more are stored."""

    @property
    def is_complete(self) -> bool:
        """Whether it has ended well."""

    def open(self) -> BinaryIO | None:
        """Open what is stored; None if it is just being moved."""


class Follower:
    """A reader of its own, at its own speed. A `panel_chunked.stream.Source`.

    Parameters
    ----------
    upload
        What is read.
    offset
        Byte where it begins.
    """

    def __init__(self, upload: Growing, offset: int) -> None:
        self._upload = upload
        self._offset = offset
        self._file: BinaryIO | None = None
        self._reading = threading.Lock()  # the thread of a read that was cancelled goes on

    async def read(self, size: int) -> bytes:
        size = size if size >= 0 else PIECE_SIZE
        await self._upload.changes.until(self._is_ready)
        while (data := await to_thread(self._peek, size)) is None:
            await self._upload.changes.until(self._has_ended)
        self._offset += len(data)  # not before: who waits may be cancelled, and read again
        return data

    def read_into(self, buffer: memoryview) -> int:
        self._upload.changes.wait_until(self._is_ready)
        while (data := self._peek(len(buffer))) is None:
            self._upload.changes.wait_until(self._has_ended)
        self._offset += len(data)
        buffer[: len(data)] = data
        return len(data)

    def _has_ended(self) -> bool:
        return self._upload.ended

    def _is_ready(self) -> bool:
        return self._upload.offset > self._offset or self._upload.ended

    def _peek(self, size: int) -> bytes | None:
        """Read what is there; None if it is just being moved."""
        with self._reading:
            return self._read(size)

    def _read(self, size: int) -> bytes | None:
        upload = self._upload
        if upload.ended and not upload.is_complete:
            raise UploadCancelledError("The upload has ended before its last byte.")
        if self._file is None:
            self._file = upload.open()
        if self._file is None:
            return None
        self._file.seek(self._offset)
        return self._file.read(min(size, max(0, upload.offset - self._offset)))
