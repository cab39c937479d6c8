"""A complete file."""

import hashlib
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from .limits import parse_size
from .objects import read_object
from .upload import UploadInfo


class UploadedFile:
    """A file that has arrived whole.

    Parameters
    ----------
    info
        What the browser said of it.
    path
        Where its bytes are; None if a function of the app has used them, and they are nowhere.
    record
        What its store knows of it, which goes with it.
    result
        What the function has returned.
    received
        Bytes that the function has been given; None if these are all.
    forget
        Has its store forget what it knows of it.

    Attributes
    ----------
    result
        What the function returned that was its `destination`; else None.
    received
        Bytes that have arrived: fewer than `size` if the function returned before the end.
    """

    def __init__(
        self,
        info: UploadInfo,
        path: Path | None,
        record: Path | None = None,
        *,
        result: Any = None,
        received: int | None = None,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._info = info
        self._path = path
        self._record = record
        self.result = result
        self.received = (info.size or 0) if received is None else received
        self._forget = forget
        self.on_delete: Callable[[], None] | None = None  # set by the session

    @property
    def id(self) -> str:
        """What the log calls the upload."""
        return self._info.id

    @property
    def name(self) -> str:
        """File name, safe on any file system."""
        return self._info.name

    @property
    def relative_path(self) -> str:
        """Path inside the folder that was picked, ``/`` between the parts; else the name."""
        return self._info.relative_path

    @property
    def original_name(self) -> str:
        """The name as the browser sent it. Never use it as a path."""
        return self._info.original_name

    @property
    def size(self) -> int:
        """Bytes."""
        return self._info.size or 0

    @property
    def mime_type(self) -> str:
        """MIME type as the browser says."""
        return self._info.mime_type

    @property
    def path(self) -> Path:
        """Where the bytes are. A temporary file goes with its session: `save` what you keep.

        Raises
        ------
        FileNotFoundError
            If the bytes went to a function of the app: nothing is stored, so there is nothing to
            open, read or save.
        """
        if self._path is None:
            raise FileNotFoundError(f"{self.name} went to a function of the app and is not stored.")
        return self._path

    @cached_property
    def checksum(self) -> str:
        """``"sha256:"`` and the hex digest; reads the file the first time it is asked for."""
        with self.path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()

    def set_size(self, size: int) -> None:
        """Note how many bytes it has, which nobody knew before."""
        self._info = replace(self._info, size=size)
        self.received = size

    def open(self) -> BinaryIO:
        """Open the file for reading bytes."""
        return self.path.open("rb")

    def read(self) -> bytes:
        """Read the whole file into memory."""
        return self.path.read_bytes()

    def object(self, *, limit: int | str | None = "256 MB", rows: int | None = None) -> Any:
        """Give the content as a Python object of its kind, which its name and MIME type tell.

        CSV, TSV and Excel files (``.xlsx``, ``.xlsm``) give a `pandas.DataFrame`, JSON a
        dict or list, images a `PIL.Image.Image` that reads its pixels when they are asked for,
        text, Markdown, HTML and SVG a str. Anything else, such as sound, video and PDF files, gives
        its path.

        Parameters
        ----------
        limit
            Most bytes to read into memory, such as ``"1 GB"``; None for no limit. Workbooks
            count unpacked, with all cells, and a column of any table as 2 kB.
        rows
            How many rows of a table to read, None for all. Of a CSV file of any size it reads no
            more than these: `limit` is for these alone.

        Raises
        ------
        ImportError
            If a package is missing; it says which to install.
        ValueError
            If the file is not what it says, or has more than `limit`.
        FileNotFoundError
            If nothing is stored, see `path`.
        """
        return read_object(self, limit=parse_size(limit), rows=rows)

    def save(self, target: str | PathLike[str] | BinaryIO) -> None:
        """Copy the file.

        Parameters
        ----------
        target
            A path, or a file object opened for writing bytes.

        Raises
        ------
        TypeError
            If `target` is neither.
        """
        if isinstance(target, (str, PathLike)):
            shutil.copyfile(self.path, target)
        elif hasattr(target, "write"):
            with self.open() as file:
                shutil.copyfileobj(file, target)
        else:
            raise TypeError(f"Save to a path or a file object, not to {target!r}.")

    def delete(self) -> None:
        """Delete the file, and take it out of the widget and off the page."""
        self.unlink()
        on_delete, self.on_delete = self.on_delete, None
        if on_delete is not None:
            on_delete()

    def forget(self) -> None:
        """Have its store forget the upload: no page is to find it again."""
        self._forget()

    def unlink(self) -> None:
        """Delete the file, and tell nobody."""
        self._forget()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        if self._record is not None:
            with suppress(OSError):
                self._record.unlink(missing_ok=True)
                self._record.parent.rmdir()  # if nothing else is in it

    def __repr__(self) -> str:
        return f"UploadedFile({self.relative_path!r}, {self.size} bytes, {self.mime_type!r})"
