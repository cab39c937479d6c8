"""Uploads as files in a directory."""

import asyncio
import itertools
import os
import threading
from contextlib import suppress
from io import FileIO
from pathlib import Path, PurePosixPath
from typing import Any

from aiofiles.threadpool import wrap

from panel_chunked.files import UploadedFile
from panel_chunked.names import numbered
from panel_chunked.upload import UploadInfo

#: Held so that no upload removes a directory that another is about to use.
_making_directories = threading.Lock()


class DirectoryStore:
    """Puts each upload into `root` under its own name, once it is whole.

    Until then its bytes are in a hidden file beside it. A name that is taken gets a number;
    nothing that is there is ever overwritten.

    Parameters
    ----------
    root
        The directory. It is made when the first upload begins.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def _upload_class(self) -> "type[DirectoryUpload]":
        return DirectoryUpload

    async def create(self, info: UploadInfo) -> "DirectoryUpload":
        target, partial, file, made = await asyncio.to_thread(self._prepare, info)
        return self._upload_class(info, target, partial, wrap(file), made)

    def target(self, info: UploadInfo) -> Path:
        return self.root / PurePosixPath(info.relative_path)

    def _prepare(self, info: UploadInfo) -> tuple[Path, Path, FileIO, list[Path]]:
        """Make the partial file. Also give the directories made for it, the deepest first."""
        target = self.target(info)
        # A link in the directory may lead elsewhere.
        if not target.parent.resolve().is_relative_to(self.root.resolve()):
            raise PermissionError(f"{target.parent} leads outside {self.root}.")
        partial = target.parent / f".{info.id}.part"
        with _making_directories:
            parents = itertools.takewhile(lambda path: path != self.root, target.parents)
            made = [path for path in parents if not path.exists()]
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                file = partial.open("xb", buffering=0)
            except OSError:
                _remove_empty(made)
                raise
        return target, partial, file, made


class DirectoryUpload:
    """A partial file that becomes `target`."""

    def __init__(
        self, info: UploadInfo, target: Path, partial: Path, file: Any, made: list[Path]
    ) -> None:
        self._info = info
        self._target = target
        self._partial = partial
        self._file = file  # aiofiles: each call runs in the event loop's thread pool
        self._made = made
        self._offset = 0

    @property
    def offset(self) -> int:
        return self._offset

    async def append(self, data: bytes | memoryview) -> None:
        view = memoryview(data)
        while view:  # an unbuffered write may take less than it was given
            written = await self._file.write(view)
            self._offset += written
            view = view[written:]

    async def finish(self) -> UploadedFile:
        await self._file.close()
        path = await asyncio.to_thread(_move_to_free_name, self._partial, self._target)
        return UploadedFile(self._info, path)

    async def terminate(self) -> None:
        await self._file.close()
        await asyncio.to_thread(self._remove)

    def _remove(self) -> None:
        self._partial.unlink(missing_ok=True)
        with _making_directories:
            _remove_empty(self._made)


def _remove_empty(directories: list[Path]) -> None:
    for directory in directories:
        with suppress(OSError):  # others may have put files there
            directory.rmdir()


def _move_to_free_name(partial: Path, target: Path) -> Path:
    """Give `partial` the name `target`, or the first numbered one that is free."""
    candidate, number = target, 0
    while True:
        try:
            _move_without_overwriting(partial, candidate)
        except FileExistsError:
            number += 1
            candidate = target.with_name(numbered(target.name, number))
        else:
            return candidate


def _move_without_overwriting(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # unlike a rename, fails if the target exists
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: reserve the name first
        target.open("xb").close()
        try:
            source.replace(target)
        except OSError:
            target.unlink()
            raise
    else:
        source.unlink()
