"""What a store must offer, and what it may offer.

A store knows nothing of limits, offsets that do not fit, or messages: the handler has checked all
that before it calls. Calls for one upload come one at a time, each awaited before the next.
A store raises `OSError` for what the storage refuses.
"""

from typing import Protocol, runtime_checkable

from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo


class StoredUpload(Protocol):
    """One upload in a store."""

    @property
    def offset(self) -> int:
        """Bytes stored."""

    async def append(self, data: bytes | memoryview) -> None:
        """Store `data` behind what is there; when this returns, `offset` counts it."""

    async def finish(self) -> UploadedFile:
        """Make the upload a complete file. Nothing is appended after this."""


@runtime_checkable
class ResumedUpload(StoredUpload, Protocol):
    """One of which something was stored before."""

    @property
    def file(self) -> UploadedFile | None:
        """The complete file, if it was finished before; `terminate` leaves it alone."""

    async def checksum(self, start: int = 0, before: int = 0) -> int:
        """Give the checksum of what is stored; `before` is that of the first `start` bytes.

        See `panel_chunked.checksum`.
        """


class Store(Protocol):
    """Keeps the bytes of uploads."""

    async def create(self, info: UploadInfo) -> StoredUpload:
        """Begin an upload of ``info.size`` bytes, none of them stored yet.

        If that is None, it has as many as are stored when it is finished. If it raises, nothing of
        the upload is left.
        """


@runtime_checkable
class Terminable(Protocol):
    """A stored upload that can free what is stored of it before it is finished."""

    async def terminate(self) -> None:
        """Free everything that is stored. Nothing else is called after this."""


@runtime_checkable
class Suspendable(Protocol):
    """A stored upload that its store can be asked to resume."""

    async def suspend(self) -> None:
        """Let go of what is open; what is stored stays. `append` opens it again."""


@runtime_checkable
class Resumable(Protocol):
    """A store in which somebody else may go on with an upload."""

    async def find(self, upload_id: str) -> UploadInfo | None:
        """Give what is known of an upload, if anything is stored of it. The id may be anything."""

    async def resume(self, upload_id: str) -> ResumedUpload:
        """Go on with an upload, in the place of whoever does; a complete one gives its file again.

        Whoever does is refused with `TakenOverError` from then on.
        """
