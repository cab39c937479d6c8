"""Uploads as temporary files."""

import os
import shutil
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo

from . import deletions
from .directory import PARTIALS, DirectoryStore, link
from .partial import Partial, Partials

if sys.platform != "win32":
    import fcntl

#: Seconds for which an upload waits for its page to come back.
GRACE = 10 * 60.0

#: Begins the name of a process's directory, in which each of its stores has one.
HOME_PREFIX = "panel_chunked-of-"


class TemporaryStore(DirectoryStore):
    """Puts each upload into a directory of its own, so that it keeps its name.

    A file goes when nothing refers to its `UploadedFile` any more, when the store is closed,
    and at the latest when the process exits; another store that has found it keeps it by a link of
    its own. What is not whole stays for a while after that, for another store of this process.
    What a process left that was killed goes when another one of the same user begins to use such a
    store; not on Windows.

    Parameters
    ----------
    expiry
        Seconds for which an upload is kept that nobody goes on with.
    """

    def __init__(self, expiry: float = GRACE) -> None:
        super().__init__("", durable=False, expiry=expiry)
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._making = threading.Lock()

    @property
    def place(self) -> tuple[type, object]:
        return type(self), self.expiry

    def target(self, info: UploadInfo) -> Path:
        return self.root / info.id / info.name

    def finish(self, partial: Partial) -> UploadedFile:
        self._make()
        if partial.record.path is not None:
            self._link(partial, Path(partial.record.path))
        file = super().finish(partial)
        # At exit the whole directory of the store goes, so no finalizer has to run then.
        own = file.path.parent
        delete = weakref.finalize(file, deletions.put, lambda: shutil.rmtree(own, True))
        delete.atexit = False
        return file

    def _link(self, partial: Partial, path: Path) -> None:
        """Give a file that was complete already another path, as the one that it has goes."""
        own = Path(tempfile.mkdtemp(dir=self.root), path.name)
        link(path, own)
        partial.record.path = str(own)
        partial.save()

    def close(self) -> None:
        """Delete all files. What is not whole stays."""
        with self._making:
            if self._directory is not None:
                self._directory.cleanup()
                self._directory = None

    def _create(self, info: UploadInfo) -> Partial:
        self._make()
        return super()._create(info)

    def _make(self) -> None:
        with self._making:
            if self._directory is None:
                self._directory = _temporary_directory("store-", _home.path())
                self.root = Path(self._directory.name)

    def _partials(self) -> Partials:
        return Partials(_home.path() / PARTIALS, self.expiry)


def _temporary_directory(prefix: str, parent: Path) -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True)


# A process holds a lock on its directory as long as it lives: one that has no lock is left over.


class _Home:
    """The directory of this process."""

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._making = threading.Lock()

    def path(self) -> Path:
        with self._making:
            deletions.start()
            # Some systems tidy up what has not changed for days.
            if self._directory is None or not Path(self._directory.name).is_dir():
                parent = Path(tempfile.gettempdir())
                self._directory = _make_home(parent)
                deletions.put(lambda: _sweep(parent))
            return Path(self._directory.name)


_home = _Home()


def _make_home(parent: Path) -> tempfile.TemporaryDirectory[str]:
    while True:
        directory = _temporary_directory(HOME_PREFIX, parent)
        path = Path(directory.name)
        if sys.platform != "win32":
            with suppress(FileNotFoundError):
                lock = _open_directory(path)
                with suppress(OSError):  # no locks on this file system, so nobody deletes it either
                    fcntl.flock(lock, fcntl.LOCK_EX)
        if path.is_dir():  # else another process took it for left over before it was locked
            return directory
        directory.cleanup()


def _sweep(parent: Path) -> None:
    """Delete what processes of this user left that were killed."""
    if sys.platform == "win32":
        return
    for path in parent.glob(HOME_PREFIX + "*"):
        with suppress(OSError):
            lock = _open_directory(path)
            try:
                if os.fstat(lock).st_uid == os.getuid():
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _open_directory(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
