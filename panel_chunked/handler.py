"""The rules of one upload: which bytes are taken, and when it is complete."""

import io
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

from .background import process_ends, to_thread
from .changes import Changes
from .checksum import checksum as checksum_of
from .errors import UploadError, WrongChecksumError, WrongOffsetError, storage_error
from .files import UploadedFile
from .limits import format_size
from .rate import Rate
from .stores import (
    EnoughError,
    Interruptible,
    Readable,
    Resumable,
    ResumedUpload,
    Store,
    StoredUpload,
    Suspendable,
    TakenOverError,
    Terminable,
    Watchable,
)
from .upload import Upload, UploadInfo, UploadState

log = logging.getLogger(__name__)


class UploadHandler:
    """Takes one upload from its first byte to a complete file.

    The methods are called one at a time, each awaited before the next.

    Parameters
    ----------
    info
        What the browser said of the file.
    store
        Where its bytes go. It is not touched before the first byte.
    stored
        What is stored of it already, if the upload goes on; see `resume`.
    """

    def __init__(
        self,
        info: UploadInfo,
        store: Store,
        stored: StoredUpload | None = None,
    ) -> None:
        self.info = info
        #: Told of every byte and of the end, for those who read what is stored.
        self.changes = Changes()
        self.state: UploadState = "queued" if stored is None else "running"
        self.error: UploadError | None = None
        self.file: UploadedFile | None = None
        #: Refuses to have more bytes than the limits allow; set by the session.
        self.check_size: Callable[[int], None] = _allow
        #: Called, in any thread, when the store wants no more before the end; see `end_early`.
        self.on_over: Callable[[], None] = _ignore
        #: Called before the first byte is stored.
        self.on_begin: Callable[[], None] = _ignore
        self._store = store
        self._stored = stored
        self._watch(stored)
        self._has_let_go = False
        self._is_elsewhere = False
        self.is_paused = False
        self._offset = 0 if stored is None else stored.offset
        self._checksum = 0
        self._rate = Rate(time.monotonic(), self._offset)

    @classmethod
    async def resume(cls, info: UploadInfo, store: Any) -> "UploadHandler":
        """Go on with an upload of a `Resumable` store, in the place of whoever does.

        Raises
        ------
        OSError
            If the store cannot.
        """
        stored: ResumedUpload = await store.resume(info.id)
        handler = cls(info, store, stored)
        try:
            handler._checksum = await stored.checksum()
        except OSError:
            await handler.suspend()
            raise
        return handler

    @property
    def offset(self) -> int:
        """Bytes stored."""
        return self._offset

    @property
    def checksum(self) -> int:
        """Checksum of the bytes stored."""
        return self._checksum

    @property
    def has_begun(self) -> bool:
        """Whether something is stored, or was."""
        return self.state != "queued"

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing but the end."""
        return self.has_begun and self._offset == self.info.size

    @property
    def is_busy(self) -> bool:
        """Whether it holds what a page may have few of: an open file, or a function that runs."""
        holds = not self.is_whole and not self._has_let_go
        return holds or isinstance(self._stored, Interruptible)

    @property
    def is_complete(self) -> bool:
        """Whether it has ended well."""
        return self.state == "complete"

    @property
    def ended(self) -> bool:
        """Whether nothing more is done to the upload here."""
        return self.state in ("complete", "failed", "cancelled", "suspended")

    async def write(self, offset: int, data: bytes | memoryview, checksum: int) -> None:
        """Store `data`, which belongs at `offset`; `checksum` is that of the file up to its end.

        Raises
        ------
        WrongOffsetError
            If `offset` is not where the upload goes on.
        WrongChecksumError
            If the file is another one with `data`.
        UploadError
            ``over_size``, the code of a limit, or what `storage_error` gives, if the upload cannot
            go on.
        """
        await self._take_back()
        if offset != self._offset:
            raise WrongOffsetError
        self._check_end(offset + len(data))
        if checksum_of(data, self._checksum) != checksum:
            raise WrongChecksumError
        try:
            stored = await self._begin()
            await stored.append(data)
        except EnoughError:
            await self.end_early()
            return
        except TakenOverError:
            raise self._taken_over() from None
        except OSError as error:
            raise self._storage_error(error) from error
        self._has_let_go = False  # it was opened again
        self._offset, self._checksum = stored.offset, checksum
        self.changes.notify()
        self._rate.update(self._offset, time.monotonic())

    async def finish(self, size: int, checksum: int) -> UploadedFile:
        """Make the upload a complete file of `size` bytes; a second call gives the same file.

        Raises
        ------
        WrongOffsetError
            If bytes are missing, or more came.
        WrongChecksumError
            If `checksum` is that of another file.
        UploadError
            What `storage_error` gives, if the upload cannot go on.
        """
        if self.file is not None:
            return self.file
        await self._take_back()
        if not self._offset == size == (size if self.info.size is None else self.info.size):
            raise WrongOffsetError
        if checksum != self._checksum:
            raise WrongChecksumError
        return await self._complete()

    async def end_early(self) -> None:
        """Take the upload for complete, since the store wants no more of it.

        Raises
        ------
        UploadError
            Why it is not.
        """
        await self._complete()

    async def _complete(self) -> UploadedFile:
        try:
            stored = await self._begin()  # a file of zero bytes begins here
            self.file = await stored.finish()
        except TakenOverError:
            raise self._taken_over() from None
        except OSError as error:
            raise self._storage_error(error) from error
        self._offset = stored.offset
        self._stored = None
        if self.info.size is None:
            self.info = replace(self.info, size=self._offset)
            self.file.set_size(self._offset)
        self._end("complete")
        return self.file

    def pause(self, is_paused: bool) -> None:
        """Note whether the page sends no more for now."""
        self.is_paused = is_paused
        self._rate = Rate(time.monotonic(), self._offset)

    def interrupt(self) -> None:
        """Have what waits for the store end: the upload is about to."""
        if isinstance(self._stored, Interruptible):
            self._stored.interrupt()

    async def let_go(self) -> None:
        """Close what is open, so that somebody else may go on; the next byte opens it again."""
        if isinstance(self._stored, Interruptible):
            return  # it is asked to stop by who takes it over, and is not left until then
        if isinstance(self._stored, Suspendable):
            self._has_let_go = True
            await self._free(self._stored.suspend())

    async def reclaim(self) -> None:
        """Take back what was let go or taken over; it may have gone on elsewhere meanwhile.

        Raises
        ------
        UploadError
            ``storage`` or the like, if nothing is there any more.
        """
        store: object = self._store
        is_away = self._has_let_go or self._is_elsewhere
        if not (is_away and isinstance(store, Resumable)):
            return
        try:
            resumed = self._stored = await store.resume(self.info.id)
            # What is stored only grows, and others write what the same file has next.
            self._checksum = await resumed.checksum(self._offset, self._checksum)
        except OSError as error:
            raise self._storage_error(error) from error
        self._has_let_go = self._is_elsewhere = False
        self._offset = resumed.offset
        self._watch(resumed)

    async def suspend(self) -> None:
        """End here; what is stored stays for whoever goes on with it, if the store can."""
        if isinstance(self._stored, Suspendable):
            self._end("suspended")
            self._has_let_go = True
            await self._free(self._stored.suspend())
        elif self._is_elsewhere:
            self._end("suspended")
        else:
            await self.cancel()

    async def cancel(self) -> None:
        """Free what is stored, even if the file was complete already; the upload is over."""
        self.error = None
        self._end("cancelled")
        file, self.file = self.file, None
        if file is None and isinstance(self._stored, ResumedUpload):
            file = self._stored.file
        if file is not None:
            await self._free(to_thread(file.unlink))
        await self._terminate()

    async def fail(self, error: UploadError) -> None:
        """Free what is stored; the upload is over because of `error`."""
        self.error = error
        self._end("failed")
        await self._terminate()

    def snapshot(self) -> Upload:
        """Give the upload as the app sees it at this moment."""
        paused = self.is_paused and self.state in ("queued", "running")
        running = self.state == "running" and not paused
        return Upload(
            name=self.info.name,
            size=self.info.size,
            stored=self._offset,
            state="paused" if paused else self.state,
            rate=self._rate.bytes_per_second if running else None,
            time_left=self._time_left() if running else None,
            error=self.error.message if self.error else None,
            error_code=self.error.code if self.error else None,
            id=self.info.id,
            _followed=(self.info, self) if self._is_readable else None,
        )

    def _time_left(self) -> float | None:
        size = self.info.size
        return None if size is None else self._rate.time_left(size - self._offset)

    def _check_end(self, end: int) -> None:
        size = self.info.size
        if size is None:
            self.check_size(end)
        elif end > size:
            text = f"More bytes came than the {format_size(size)} announced."
            raise UploadError("over_size", text)

    def open(self) -> BinaryIO | None:
        """Open what is stored, for reading; None if it is just being moved. Blocks."""
        stored, file = self._stored, self.file
        if file is not None:
            return file.open()
        if stored is not None and not isinstance(stored, Readable):
            raise io.UnsupportedOperation(f"Nothing of {self.info.name} is stored.")
        if stored is not None:
            with suppress(FileNotFoundError):
                return stored.open()
        return None

    @property
    def _is_readable(self) -> bool:
        """Whether what is stored may be read, as far as is known."""
        return not self.ended and (self._stored is None or isinstance(self._stored, Readable))

    def _end(self, state: UploadState) -> None:
        self.state = state
        # Who is told, or asked, holds this handler, and its file.
        self.on_begin = self.on_over = _ignore
        self.check_size = _allow
        self.changes.notify()

    async def _begin(self) -> StoredUpload:
        if self._stored is None:
            self._stored = await self._store.create(self.info)
            self._watch(self._stored)
            self.state = "running"
            self.on_begin()
            self._rate = Rate(time.monotonic(), self._offset)
        return self._stored

    async def _take_back(self) -> None:
        if self._is_elsewhere:  # and yet its page is here: it has just sent
            await self.reclaim()

    def _watch(self, stored: object) -> None:
        if isinstance(stored, Watchable):
            stored.watch(lambda: self.on_over())

    async def _terminate(self) -> None:
        stored: object = self._stored
        self._stored = None
        if isinstance(stored, Terminable):
            await self._free(stored.terminate())

    async def _free(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # whatever it is, the upload is over
            if process_ends():  # what is stored stays, for the next one
                return
            log.warning("Upload %s could not be freed: %s", self.info.id, error)

    def _taken_over(self) -> UploadError:
        self._stored, self._is_elsewhere = None, True
        return UploadError("taken_over", "The upload goes on in another page.")

    def _storage_error(self, error: OSError) -> UploadError:
        """Give an error for the user; the log has the paths on the server."""
        log.warning("Upload %s of %r: %s", self.info.id, self.info.name, error)
        return storage_error(error)


def _ignore() -> None:
    pass


def _allow(size: int) -> None:
    """Set no limit."""
