"""Uploads as temporary files."""

import shutil
import tempfile
import threading
import weakref
from io import FileIO
from pathlib import Path

from panel_chunked.files import UploadedFile
from panel_chunked.upload import UploadInfo

from .directory import DirectoryStore, DirectoryUpload

#: Name of the threads that delete.
DELETING = "panel_chunked: delete"


class TemporaryStore(DirectoryStore):
    """Puts each upload into a directory of its own, so that it keeps its name.

    A file goes when nothing refers to its `UploadedFile` any more, when the store is closed,
    and at the latest when the process exits.
    """

    def __init__(self) -> None:
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._making = threading.Lock()

    def target(self, info: UploadInfo) -> Path:
        return self.root / info.id / info.name

    def close(self) -> None:
        """Delete everything."""
        with self._making:
            if self._directory is not None:
                self._directory.cleanup()
                self._directory = None

    def _prepare(self, info: UploadInfo) -> tuple[Path, Path, FileIO, list[Path]]:
        with self._making:
            if self._directory is None:
                self._directory = tempfile.TemporaryDirectory(
                    prefix="panel_chunked-", ignore_cleanup_errors=True
                )
                self.root = Path(self._directory.name)
        return super()._prepare(info)

    @property
    def _upload_class(self) -> type[DirectoryUpload]:
        return TemporaryUpload


class TemporaryUpload(DirectoryUpload):
    """A partial file in a directory that goes with the file."""

    async def finish(self) -> UploadedFile:
        file = await super().finish()
        # At exit the whole directory of the store goes, so no finalizer has to run then.
        weakref.finalize(file, _remove_in_background, file.path.parent).atexit = False
        return file


def _remove_in_background(directory: Path) -> None:
    """Delete without a wait: a finalizer may run on the event loop, and a large file takes long."""
    work = threading.Thread(
        target=shutil.rmtree, args=(directory, True), name=DELETING, daemon=True
    )
    work.start()
