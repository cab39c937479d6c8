"""What a store must offer, and what it may offer.

A store knows nothing of limits, offsets that do not fit, or messages: the handler has checked all
that before it calls. Calls for one upload come one at a time, each awaited before the next.
A store raises `OSError` for what the storage refuses.
"""

from collections.abc import Callable
from typing import BinaryIO, Protocol, runtime_checkable

from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo


class TakenOverError(Exception):
    """Another page goes on with the upload; nothing of it may be touched."""


class EnoughError(Exception):
    """The store wants no more bytes: `StoredUpload.finish` says what has become of the upload."""


class InterruptedUploadError(Exception):
    """What waited was told not to, see `Interruptible`."""


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
class Readable(Protocol):
    """A stored upload that may be read before it is whole."""

    def open(self) -> BinaryIO:
        """Open what is stored; only the first `offset` bytes count. Blocks.

        Raises
        ------
        FileNotFoundError
            If it is just being moved to its place.
        """


@runtime_checkable
class Interruptible(Protocol):
    """A stored upload whose `append` and `finish` may wait for long."""

    def interrupt(self) -> None:
        """Have them raise `InterruptedUploadError`, now and from now on."""


@runtime_checkable
class Watchable(Protocol):
    """A stored upload that may be over before its last byte, by itself."""

    def watch(self, over: Callable[[], None]) -> None:
        """Have `over` called then, in any thread. `append` raises `EnoughError` from then on."""


@runtime_checkable
class Sweepable(Protocol):
    """A store in which something may be left that nobody goes on with."""

    #: Seconds for which it is kept.
    expiry: float

    @property
    def place(self) -> tuple[type, object]:
        """The same for stores that sweep the same, as often."""

    def sweep(self) -> bool:
        """Delete what has expired; tell whether something is left. Blocks."""


@runtime_checkable
class Resumable(Protocol):
    """A store in which somebody else may go on with an upload."""

    async def find(self, upload_id: str) -> UploadInfo | None:
        """Give what is known of an upload, if anything is stored of it. The id may be anything."""

    async def resume(self, upload_id: str) -> ResumedUpload:
        """Go on with an upload, in the place of whoever does; a complete one gives its file again.

        Whoever does is refused with `TakenOverError` from then on.
        """


def check_expiry(seconds: float) -> None:
    """Raise ValueError unless an upload may be kept for so long."""
    if not seconds > 0:
        raise ValueError(f"expiry must be more than 0 seconds, not {seconds!r}.")
