"""The bytes of an upload while they arrive, for a coroutine or for a thread.

`UploadStream` is for ``async def``; `UploadReader` is the same as a file object, for ``def``.
"""

import io
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

    from .upload import UploadInfo

#: Bytes that a file object reads at once.
BUFFER_SIZE = 256 * 1024


class UploadCancelledError(ConnectionAbortedError):
    """Nothing more of the upload comes: it was cancelled, or its page has not come back."""


class Source(Protocol):
    """Where a stream reads: the chunks on their way, or a file that grows."""

    async def read(self, size: int) -> bytes:
        """Wait for bytes and take them, at most `size` if that is not negative; none at the end."""

    def read_into(self, buffer: memoryview) -> int:
        """Block this thread until there are bytes; give how many were filled in, 0 at the end."""


class _Facts:
    """What is known of an upload before its bytes."""

    _info: "UploadInfo"

    @property
    def id(self) -> str:
        """What the log calls the upload."""
        return self._info.id

    @property
    def relative_path(self) -> str:
        """Path inside the folder that was picked, ``/`` between the parts; else the name."""
        return self._info.relative_path

    @property
    def size(self) -> int | None:
        """Bytes of the whole file; None if nobody knows yet, as of a recording."""
        return self._info.size

    @property
    def mime_type(self) -> str:
        """MIME type as the browser says."""
        return self._info.mime_type


class UploadStream(_Facts):
    """The bytes of an upload, in order, each as soon as it has arrived.

    ``async for chunk in stream`` gives chunks of any size, as bytes.

    Attributes
    ----------
    name
        File name, safe on any file system.
    offset
        Bytes read so far.
    """

    def __init__(self, info: "UploadInfo", source: Source, offset: int = 0) -> None:
        self._info = info
        self._source = source
        self.name = info.name
        self.offset = offset

    async def read(self, size: int = -1) -> bytes:
        """Read bytes, as soon as there are some.

        Parameters
        ----------
        size
            Most bytes; fewer come if no more are there yet. If negative, all up to the end.

        Returns
        -------
        The bytes; none at the end.

        Raises
        ------
        UploadCancelledError
            If nothing more comes.
        """
        if size < 0:
            return b"".join([chunk async for chunk in self])
        data = await self._source.read(size) if size else b""
        self.offset += len(data)
        return data

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data = await self._source.read(-1)
        if not data:
            raise StopAsyncIteration
        self.offset += len(data)
        return data


class UploadReader(_Facts, io.BufferedReader):
    """The bytes of an upload as a binary file object, which waits for those that are to come.

    It cannot seek, but `tell` where in the file it is. Reading raises `UploadCancelledError` if
    nothing more comes.
    """

    def __init__(self, info: "UploadInfo", source: Source, offset: int = 0) -> None:
        self._info = info
        super().__init__(_Raw(source, offset), BUFFER_SIZE)

    @property
    def name(self) -> str:
        """File name, safe on any file system."""
        return self._info.name


class _Raw(io.RawIOBase):
    def __init__(self, source: Source, offset: int) -> None:
        self._source: Source | None = source
        self._offset = offset

    def tell(self) -> int:
        return self._offset

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self._source is None:
            raise ValueError("The file is closed.")
        count = self._source.read_into(memoryview(buffer).cast("B"))
        self._offset += count
        return count

    def close(self) -> None:
        self._source = None  # and what it has open
        super().close()
