"""One upload as the app sees it while it runs."""

import io
from dataclasses import dataclass, field
from typing import Literal

from .errors import ErrorCode
from .follow import Follower, Growing
from .stream import UploadReader, UploadStream

UploadState = Literal["queued", "running", "paused", "complete", "failed", "cancelled", "suspended"]


@dataclass(frozen=True)
class UploadInfo:
    """What is known of a file before its first byte; the names are safe.

    Attributes
    ----------
    id
        Unguessable, made by the server.
    name
        Safe file name.
    relative_path
        Safe path inside the folder that was picked, ``/`` between the parts; else the name.
    size
        Bytes; None as long as that is not known, as of a recording.
    mime_type
        As the browser says; ``application/octet-stream`` if it says nothing.
    original_name
        The name as the browser sent it. Never use it as a path.
    secret_hash
        Of the secret that its page has to show to go on with it.
    place
        Of the widget that has accepted it, see `panel_chunked.settings`; no other goes on with it.
    """

    id: str
    name: str
    relative_path: str
    size: int | None
    mime_type: str
    original_name: str
    secret_hash: str = ""
    place: str = ""


@dataclass(frozen=True)
class Upload:
    """A moment of an upload, as ``ChunkedFileInput.uploads`` lists it.

    Attributes
    ----------
    name, size
        File name and bytes; None as long as its size is not known, as of a recording.
    stored
        Bytes stored so far.
    state
        ``"queued"``, ``"running"``, ``"paused"`` or ``"failed"``. What is complete is in `files`,
        and what was cancelled is in neither.
    rate
        Bytes per second over the last seconds; None before there is one.
    time_left
        Seconds at this rate; None before there is one.
    error
        What went wrong and what to do, for a failed upload.
    error_code
        The same as a code that stays the same, such as ``"storage_full"``; see ``docs/errors.md``.
    id
        What the log calls it; empty if it was refused before it began.
    """

    name: str
    size: int | None
    stored: int
    state: UploadState
    rate: float | None = None
    time_left: float | None = None
    error: str | None = None
    error_code: ErrorCode | None = None
    id: str = ""
    _followed: "tuple[UploadInfo, Growing] | None" = field(default=None, repr=False, compare=False)

    def stream(self, offset: int = 0) -> UploadStream:
        """Follow the file while it is stored, at a speed of your own; the upload does not wait.

        Parameters
        ----------
        offset
            Byte where to begin.

        Returns
        -------
        The bytes, for a coroutine. It ends with the file, and raises `UploadCancelledError` if the
        upload ends before that. Each call gives another one.

        Raises
        ------
        io.UnsupportedOperation
            If nothing is stored: the upload was refused, or its `destination` is a function.
        ValueError
            If `offset` is negative.
        """
        info, source = self._follow(offset)
        return UploadStream(info, source, offset)

    def open(self, offset: int = 0) -> UploadReader:
        """Follow the file as `stream` does, as a file object for a thread."""
        return UploadReader(*self._follow(offset), offset)

    def _follow(self, offset: int) -> "tuple[UploadInfo, Follower]":
        if self._followed is None:
            raise io.UnsupportedOperation(f"Nothing of {self.name} is stored.")
        if offset < 0:
            raise ValueError(f"offset is {offset}, before the first byte")
        info, growing = self._followed
        return info, Follower(growing, offset)
