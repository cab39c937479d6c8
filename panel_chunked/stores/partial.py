"""An upload on disk that is not whole, so that somebody else may go on with it.

    ID.part   its bytes; its size is the offset, and a lock on it says that somebody writes
    ID.json   what is known of the upload: its record
    ID.new    its next record, before that takes the place of the one before
    ID.wanted somebody else wants to go on with it; who writes lets go

Everything here blocks, and runs in threads.
"""

import errno
import math
import os
import re
import secrets
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from io import FileIO
from pathlib import Path

import msgspec

from panel_chunked.upload import UploadInfo

from .base import TakenOverError

if sys.platform != "win32":
    import fcntl

#: What is swept: the data file, which is locked, goes first and the record last.
_SUFFIXES = (".part", ".wanted", ".new", ".json")

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)

#: Errors of file systems that have no locks, as Lustre and NFS may be set up.
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP)


class Record(msgspec.Struct):
    """What is known of an upload.

    `writer` names who has opened it last, `expiry` is that of the store it was begun in, None if it
    is kept for ever (JSON knows no infinity).
    """

    info: UploadInfo
    writer: str
    expiry: float | None
    path: str | None = None  # of the complete file, when it has its name


class Partials:
    """The uploads in one folder.

    Parameters
    ----------
    folder
        Made when it is needed, and removed when nothing is left in it.
    expiry
        Seconds after the last write for which an upload is kept that nobody goes on with, and a
        complete one is known.
    """

    def __init__(self, folder: Path, expiry: float) -> None:
        self.folder = folder
        self.expiry = expiry

    def create(self, info: UploadInfo) -> "Partial":
        """Begin an upload. If it raises, nothing of it is left."""
        partial = Partial(self.folder, Record(info, secrets.token_hex(8), self.expiry))
        try:
            self._open_new(partial)
        except OSError:
            partial.discard()
            self.tidy()
            raise
        return partial

    def _open_new(self, partial: "Partial") -> None:
        for attempt in range(10):
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                partial.save()  # first: without a record, it would be there and not be found
                partial.open("xb")
                break
            except FileNotFoundError:  # another upload that has ended has just tidied up
                if attempt == 9:
                    raise

    def find(self, upload_id: str) -> Record | None:
        """Give what is known of an upload, if anything is stored of it."""
        if _ID.fullmatch(upload_id) is None:
            return None
        record = _read(self.folder / f"{upload_id}.json")
        if record is None:
            return None
        if (self.folder / f"{upload_id}.part").exists():
            record.path = None  # who gave it its name was killed before it was done
            return record
        return record if record.path is not None and _is_file(record.path, record.info) else None

    def resume(self, upload_id: str) -> "Partial":
        """Go on with an upload in the place of whoever has it. It is opened with the next byte.

        Raises
        ------
        FileNotFoundError
            If nothing is stored of it.
        BlockingIOError
            If somebody writes, who is asked to let go.
        """
        if (record := self.find(upload_id)) is None:
            raise FileNotFoundError(f"Nothing is stored of upload {upload_id}.")
        partial = Partial(self.folder, record)
        if record.path is None:
            try:
                partial.take_over()
            finally:  # a page may go on with many uploads at once, and not send any yet
                partial.close()
        return partial

    def unwant(self, upload_id: str) -> None:
        """Leave an upload to whoever has it, after `resume` has asked for it in vain."""
        (self.folder / f"{upload_id}.wanted").unlink(missing_ok=True)

    def sweep(self) -> bool:
        """Delete what has expired, unless somebody writes; tell whether something is left.

        Raises
        ------
        OSError
            If something could not be deleted; everything else was.
        """
        failed: OSError | None = None
        found = [path for path in self.folder.glob("*") if path.suffix in _SUFFIXES]
        for upload_id in {path.stem for path in found}:
            try:
                self._sweep(upload_id)
            except (BlockingIOError, FileNotFoundError):
                pass  # it is in use, or ends just now
            except OSError as error:
                failed = error
        if failed is not None:
            raise failed
        self.tidy()
        return self.folder.exists()

    def _sweep(self, upload_id: str) -> None:
        paths = [self.folder / f"{upload_id}{suffix}" for suffix in _SUFFIXES]
        if not self._has_expired(paths):
            return
        file = _open_to_delete(paths[0])
        try:
            if self._has_expired(paths):  # nobody came just then
                _delete(file, paths)
        finally:
            _close(file)

    def _has_expired(self, paths: list[Path]) -> bool:
        record = _read(paths[-1])
        expiry = self.expiry if record is None else record.expiry
        changes = [path.stat().st_mtime for path in paths if path.exists()]
        return expiry is not None and max(changes, default=math.inf) < time.time() - expiry

    def tidy(self) -> None:
        """Remove the folder if it is empty."""
        with suppress(OSError):
            self.folder.rmdir()


class Partial:
    """One upload, opened by one writer at a time."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.record = record
        stem = folder / record.info.id
        self.path = stem.with_name(f"{stem.name}.part")
        self.record_path = stem.with_name(f"{stem.name}.json")
        self._wanted = stem.with_name(f"{stem.name}.wanted")
        self._file: FileIO | None = None
        self._is_locked = False
        self.offset = 0

    def open(self, mode: str) -> None:
        """Open and lock the data file; `BlockingIOError` if somebody else has it."""
        self._file, self._is_locked = _open(self.path, mode)
        self.offset = self._file.seek(0, os.SEEK_END)

    def take_over(self) -> None:
        """Become the writer, or ask who writes to let go, which raises `BlockingIOError`."""
        try:
            self.open("r+b")
        except BlockingIOError:
            self._wanted.touch()
            raise
        self._wanted.unlink(missing_ok=True)
        self.record.writer = secrets.token_hex(8)
        self.save()

    def hold(self) -> FileIO:
        """Give the data file, opened again after `close`.

        Raises
        ------
        TakenOverError
            If somebody else has taken over, or wants to.
        """
        offset = self.offset
        file = self._file or self._reopen()
        # While it is locked, nobody takes over, and a disk that fails may not give the record.
        is_ours = self._is_locked or not self._has_another_writer()
        if not is_ours or self._wanted.exists() or self.offset != offset:
            self.close()
            self.offset = offset
            raise TakenOverError
        return file

    def _reopen(self) -> FileIO:
        """Open it again, or raise `TakenOverError`."""
        if self._has_another_writer():
            raise TakenOverError
        try:
            self.open("r+b")
        except BlockingIOError:  # somebody is just about to
            raise TakenOverError from None
        try:
            if self._file is None or self._has_another_writer():
                raise TakenOverError  # by somebody who may have come and gone just then
        except BaseException:
            self.close()
            raise
        return self._file

    def _has_another_writer(self) -> bool:
        record = _read(self.record_path)
        return record is not None and record.writer != self.record.writer

    def append(self, data: bytes | memoryview) -> None:
        """Write all of `data` behind what is there."""
        file, view = self.hold(), memoryview(data)
        while view:  # an unbuffered write may take less than it was given
            written = file.write(view)
            self.offset += written
            view = view[written:]

    def close(self) -> None:
        """Let go; what is stored stays."""
        _close(self._take_file())

    def save(self) -> None:
        """Write the record, whole or not at all."""
        new = self.record_path.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(self.record))
            new.replace(self.record_path)
        except OSError:
            new.unlink(missing_ok=True)  # the disk is full, for one
            raise

    def discard(self) -> None:
        """Delete what could not be begun, and so is nobody else's."""
        for path in (self.path, self.record_path):
            with suppress(OSError):
                path.unlink()
        self.close()

    def remove(self) -> None:
        """Delete everything, unless somebody else has taken over."""
        try:
            if self._file is None and self.path.exists():
                self._reopen()
        except TakenOverError:
            return
        if self._is_locked or not self._has_another_writer():
            _delete(self._take_file(), [self.path, self._wanted, self.record_path])
        self.close()

    def leave(self) -> None:
        """Note that the file has its name; the record stays until it has expired."""
        try:
            _delete(self._take_file(), [self.path, self._wanted])
        except PermissionError:
            if sys.platform != "win32":
                raise
            # Somebody reads it, so that it can only be swept later.

    def _take_file(self) -> FileIO | None:
        file, self._file, self._is_locked = self._file, None, False
        return file


def _open(path: Path, mode: str) -> tuple[FileIO, bool]:
    """Open a file to write, and lock it if its system has locks.

    Raises
    ------
    BlockingIOError
        If somebody else has the lock.
    FileNotFoundError
        If there is none, or it is deleted or complete just then.
    """
    file = FileIO(path, mode)
    if sys.platform == "win32":
        return file, False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.path.samestat(os.fstat(file.fileno()), path.stat()):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return file, False
        file.close()
        raise
    return file, True


def _open_to_delete(path: Path) -> FileIO | None:
    """Open and lock a file, also another user's in a directory of both; None if there is none."""
    if not path.exists():
        return None
    try:
        return _open(path, "r+b")[0]
    except PermissionError:
        return _open(path, "rb")[0]  # which a network file system does not lock


def _close(file: FileIO | None) -> None:
    if file is not None and not file.closed:
        if sys.platform != "win32":
            with suppress(OSError):  # it has none
                fcntl.flock(file, fcntl.LOCK_UN)  # or a process that was forked would keep it
        file.close()


def _delete(file: FileIO | None, paths: Iterable[Path]) -> None:
    """Delete files, and let go of the one that is locked: not before, or it might be another's."""
    if sys.platform == "win32" and file is not None:
        file.close()  # there are no locks, and what is open cannot be deleted
    try:
        for path in paths:
            path.unlink(missing_ok=True)
    finally:
        _close(file)


def _read(path: Path) -> Record | None:
    """Give a record, if there is one; `OSError` if it cannot be read now, for want of handles."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Record)
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return None


def _is_file(path: str, info: UploadInfo) -> bool:
    try:
        return Path(path).stat().st_size == info.size
    except OSError:
        return False
