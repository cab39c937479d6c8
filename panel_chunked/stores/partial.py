"""An upload on disk that is not whole, so that somebody else may go on with it.

    ID.part   its bytes; its size is the offset, and a lock on it says that somebody writes
    ID.json   what is known of the upload: its record
    ID.wanted somebody else wants to go on with it; who writes lets go

Everything here blocks, and runs in threads.
"""

import os
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from io import FileIO
from pathlib import Path

import msgspec

from panel_chunked.upload import UploadInfo

from .base import TakenOverError

if sys.platform != "win32":
    import fcntl

_ID = re.compile(r"[\w-]{1,64}", re.ASCII)


class Record(msgspec.Struct):
    """What is known of an upload; `writer` names who has opened it last."""

    info: UploadInfo
    writer: str
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
        partial = Partial(self.folder, Record(info, secrets.token_hex(8)))
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
                partial.save()  # first: what has no record is never swept
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
        """Go on with an upload in the place of whoever has it.

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
            partial.take_over()
        return partial

    def unwant(self, upload_id: str) -> None:
        """Leave an upload to whoever has it, after `resume` has asked for it in vain."""
        (self.folder / f"{upload_id}.wanted").unlink(missing_ok=True)

    def sweep(self) -> bool:
        """Delete what has expired, unless somebody writes; tell whether something is left."""
        for path in self._expired():
            record = _read(path)
            partial = Partial(self.folder, record) if record is not None else None
            if partial is None or record is None or record.path is not None:
                path.unlink(missing_ok=True)
                continue
            with suppress(OSError):  # it is in use
                with suppress(FileNotFoundError):  # who began it was killed just then
                    partial.open("rb")
                partial.remove()
        self.tidy()
        return self.folder.exists()

    def tidy(self) -> None:
        """Remove the folder if it is empty."""
        with suppress(OSError):
            self.folder.rmdir()

    def _expired(self) -> Iterator[Path]:
        oldest = time.time() - self.expiry
        for path in self.folder.glob("*.json"):
            with suppress(OSError):
                data = path.with_suffix(".part")
                if max(it.stat().st_mtime for it in (path, data) if it.exists()) < oldest:
                    yield path


class Partial:
    """One upload, opened by one writer at a time."""

    def __init__(self, folder: Path, record: Record) -> None:
        self.record = record
        stem = folder / record.info.id
        self.path = stem.with_name(f"{stem.name}.part")
        self.record_path = stem.with_name(f"{stem.name}.json")
        self._wanted = stem.with_name(f"{stem.name}.wanted")
        self._file: FileIO | None = None
        self.offset = 0

    def open(self, mode: str) -> None:
        """Open and lock the data file; `BlockingIOError` if somebody else has it."""
        file = FileIO(self.path, mode)
        try:
            if sys.platform != "win32":
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
        self._file = file
        self.offset = file.seek(0, os.SEEK_END)

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
        if self._file is None:
            if self._is_taken_over():
                raise TakenOverError
            try:
                self.open("r+b")
            except BlockingIOError:  # somebody is just about to
                raise TakenOverError from None
        if self._file is None or self._wanted.exists():
            self.close()
            raise TakenOverError
        return self._file

    def append(self, data: bytes | memoryview) -> None:
        """Write all of `data` behind what is there."""
        file, view = self.hold(), memoryview(data)
        while view:  # an unbuffered write may take less than it was given
            written = file.write(view)
            self.offset += written
            view = view[written:]

    def close(self) -> None:
        """Let go; what is stored stays."""
        file, self._file = self._file, None
        if file is not None:
            file.close()

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
        if not self._is_taken_over():
            for path in (self.path, self._wanted, self.record_path):
                path.unlink(missing_ok=True)
        self.close()

    def leave(self) -> None:
        """Note that the file has its name; the record stays until it has expired."""
        for path in (self.path, self._wanted):
            path.unlink(missing_ok=True)
        self.close()

    def _is_taken_over(self) -> bool:
        if self._file is not None and sys.platform != "win32":
            return False  # nobody else has the lock, and a disk that fails may not give the record
        record = _read(self.record_path)
        return record is not None and record.writer != self.record.writer


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
