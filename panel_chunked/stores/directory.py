"""Uploads as files in a directory."""

import asyncio
import errno
import logging
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from panel_chunked.background import to_thread
from panel_chunked.checksum import block_checksums
from panel_chunked.errors import NameTakenError
from panel_chunked.files import UploadedFile
from panel_chunked.names import numbered
from panel_chunked.upload import UploadInfo

from .base import check_expiry
from .partial import Partial, Partials

log = logging.getLogger(__name__)

#: What becomes of a file whose name is taken.
Existing = Literal["number", "overwrite", "error"]

#: Folder in the directory for what is not whole.
PARTIALS = ".panel_chunked"

#: Seconds that a newcomer waits for who writes to let go, and between two looks.
HANDOVER_SECONDS = 10.0
LOOK_SECONDS = 0.05

DAY = 24 * 60 * 60


class DirectoryStore:
    """Puts each upload into `root` under its own name, once it is whole.

    Until then its bytes are in a hidden folder there, so that the upload goes on after the
    connection was lost or the server was started anew. A path as `destination` of the widget makes
    such a store; ``destination=DirectoryStore("incoming/", ...)`` one with other settings.

    Parameters
    ----------
    root
        The directory. It is made when the first upload begins.
    existing
        What becomes of a file whose name is taken: ``"number"`` gives it a number, as in ``report
        (1).csv``; ``"overwrite"`` puts it in the place of the old one, which stays whole until
        then; ``"error"`` refuses it.
    durable
        Whether a file is on the disk before it is called complete (`os.fsync`), so that it survives
        a loss of power.
    expiry
        Seconds for which an upload is kept that nobody goes on with.

    Raises
    ------
    ValueError
        If `existing` is none of these, or `expiry` is not positive.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        existing: Existing = "number",
        durable: bool = True,
        expiry: float = DAY,
    ) -> None:
        if existing not in ("number", "overwrite", "error"):
            raise ValueError(
                f"existing must be 'number', 'overwrite' or 'error', not {existing!r}."
            )
        check_expiry(expiry)
        self.root = Path(root).absolute()
        self.existing = existing
        self.durable = durable
        self.expiry = float(expiry)

    async def create(self, info: UploadInfo) -> "DirectoryUpload":
        return self._upload(await to_thread(self._create, info))

    async def find(self, upload_id: str) -> UploadInfo | None:
        record = await to_thread(lambda: self._partials().find(upload_id))
        return record.info if record is not None else None

    async def resume(self, upload_id: str) -> "DirectoryUpload":
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HANDOVER_SECONDS
        while True:
            try:
                partial = await to_thread(lambda: self._partials().resume(upload_id))
            except BlockingIOError:
                if loop.time() > deadline:
                    await to_thread(lambda: self._partials().unwant(upload_id))
                    raise
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return self._upload(partial)

    @property
    def place(self) -> tuple[type, object]:
        """The same for stores that sweep the same folder as often."""
        return type(self), (self.root, self.expiry)

    def sweep(self) -> bool:
        """Delete what has expired and nobody goes on with; tell whether something is left."""
        return self._partials().sweep()

    def target(self, info: UploadInfo) -> Path:
        """Give the path that the file is to have."""
        return self.root / PurePosixPath(info.relative_path)

    def finish(self, partial: Partial) -> UploadedFile:
        """Give the file its name; once it has one, it keeps it."""
        record = partial.record
        if record.path is None:
            file = partial.hold()
            if self.durable:
                os.fsync(file)
            if sys.platform == "win32":
                partial.close()  # what is open cannot get another name
            if record.info.size is None:
                record.info = replace(record.info, size=partial.offset)
            record.path = str(self._name(partial))
            try:
                partial.save()
            except OSError as error:  # the file is whole; only no other session will find it
                log.warning("Upload %s is complete, but not on record: %s", record.info.id, error)
                partial.remove()
            else:
                partial.leave()
        return UploadedFile(record.info, Path(record.path), partial.record_path)

    def _name(self, partial: Partial) -> Path:
        target = self.target(partial.record.info)
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.existing == "overwrite":
            path = target
            partial.path.replace(target)
        else:
            path = _link_to_free_name(partial.path, target, self.existing == "number")
        if self.durable:
            _sync_directory(path.parent)
        return path

    def _create(self, info: UploadInfo) -> Partial:
        target = self.target(info)
        # A link in the directory may lead elsewhere.
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise PermissionError(f"{target.parent} leads outside {self.root}.")
        for parent in target.parents:  # better to know before all of it has come
            if parent.exists() and not parent.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), parent)
        with suppress(FileNotFoundError):
            target.lstat()  # which a path that is too long fails
            if self.existing == "error":
                raise NameTakenError
        return self._partials().create(info)

    def _partials(self) -> Partials:
        return Partials(self.root / PARTIALS, self.expiry)

    def _upload(self, partial: Partial) -> "DirectoryUpload":
        return DirectoryUpload(self, partial)


class DirectoryUpload:
    """A partial file that becomes the one of the store's naming."""

    def __init__(self, store: DirectoryStore, partial: Partial) -> None:
        self._store = store
        self._partial = partial

    @property
    def offset(self) -> int:
        record = self._partial.record
        if record.path is not None and record.info.size is not None:
            return record.info.size
        return self._partial.offset

    @property
    def file(self) -> UploadedFile | None:
        record = self._partial.record
        if record.path is None:
            return None
        return UploadedFile(record.info, Path(record.path), self._partial.record_path)

    async def append(self, data: bytes | memoryview) -> None:
        await to_thread(self._partial.append, data)

    def open(self) -> BinaryIO:
        return self._partial.path.open("rb")

    async def checksum(self, start: int = 0, before: int = 0) -> int:
        path = self._partial.record.path or self._partial.path
        checksums = await block_checksums(path, self.offset, start=start, before=before)
        return checksums[-1] if checksums else before

    async def finish(self) -> UploadedFile:
        return await to_thread(self._store.finish, self._partial)

    async def suspend(self) -> None:
        await to_thread(self._partial.close)

    async def terminate(self) -> None:
        await to_thread(self._terminate)

    def _terminate(self) -> None:
        if self.file is None or self._partial.path.exists():  # else it is a complete file
            self._partial.remove()
            self._store._partials().tidy()


def _link_to_free_name(partial: Path, target: Path, numbers: bool) -> Path:
    """Give `partial` the name `target`, or the first numbered one that is free.

    A name that it has already, from a process that was killed just then, is taken for its own.
    """
    candidate, number = target, 0
    while True:
        try:
            link(partial, candidate)
        except FileExistsError:
            if candidate.exists() and candidate.samefile(partial):
                return candidate
            if not numbers:
                raise NameTakenError from None
            number += 1
            candidate = target.with_name(numbered(target.name, number))
        else:
            return candidate


def link(source: Path, target: Path) -> None:
    """Give a file a second name that is free, or on a file system without hard links, another."""
    try:
        os.link(source, target)  # unlike a rename, fails if the target exists
    except FileExistsError:
        raise
    except OSError:  # reserve the name first
        target.open("xb").close()
        try:
            source.replace(target)
        except OSError:
            target.unlink()
            raise


def _sync_directory(path: Path) -> None:
    with suppress(OSError):  # Windows has no such thing
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
