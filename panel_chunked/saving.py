"""Saves the files of a pick where the app wants them."""

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO

from .files import UploadedFile


def save_files(
    sources: Sequence[UploadedFile | bytes | None], filename: Any, *, several: bool
) -> None:
    """Save a file, or several to as many paths or file objects; see `UploadComponent.save`."""
    if isinstance(filename, list) != several:
        raise TypeError(
            "There is a list of files: give a list of filenames or file objects."
            if several
            else "There is a single file: give one filename or file object, not a list."
        )
    targets = filename if isinstance(filename, list) else [filename]
    if len(targets) != len(sources):
        raise ValueError(f"{len(targets)} filenames were given for {len(sources)} files.")
    given = [source for source in sources if source is not None]
    if len(given) < len(sources):
        raise ValueError("There is nothing to save: no file was uploaded, or its value is None.")
    for source, target in zip(given, targets, strict=True):
        _save(source, target)


def _save(source: UploadedFile | bytes, target: str | PathLike[str] | BinaryIO) -> None:
    if isinstance(source, UploadedFile):
        source.save(target)
    elif isinstance(target, (str, PathLike)):
        Path(target).write_bytes(source)
    elif hasattr(target, "write"):
        target.write(source)
    else:
        raise TypeError(f"Save to a path or a file object, not to {target!r}.")
