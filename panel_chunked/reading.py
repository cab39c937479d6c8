"""What reading any file into memory needs: its bounds, and packages that may be missing."""

import importlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .limits import format_size

if TYPE_CHECKING:
    from .files import UploadedFile

#: Bytes that a column of a table takes, whatever is in it.
COLUMN_SIZE = 2000

#: So many columns are read in any case.
FEW_COLUMNS = 100

#: Two threads that import a package at once may find it half imported.
_importing = threading.Lock()


class TooLargeError(ValueError):
    """A file has more than may be read into memory."""

    def __init__(self, name: str, size: int, limit: int, *, at_least: bool = False) -> None:
        has = f"more than {format_size(limit)}" if at_least else format_size(size)
        super().__init__(
            f"{name} has {has}, and at most {format_size(limit)} are read. "
            "Raise the limit, or read it part by part from its path."
        )


@dataclass(frozen=True)
class Part:
    """What is wanted of a table.

    Parameters
    ----------
    limit
        Most bytes that are read and taken in memory; None for no limit.
    rows, columns
        How many, from the first one; None for all.
    is_loose
        Whether fewer rows than asked for will do, and text with bytes that are none.
    """

    limit: int | None
    rows: int | None = None
    columns: int | None = None
    is_loose: bool = False


@dataclass(frozen=True)
class Table:
    """What was read of one: a `pandas.DataFrame`.

    Parameters
    ----------
    columns
        How many the file has.
    is_cut
        Whether there are fewer rows than asked for, because of the limit.
    """

    frame: Any
    columns: int
    is_cut: bool = False


def check_size(file: "UploadedFile", limit: int | None) -> None:
    """Raise `TooLargeError` if the file has more bytes than `limit`."""
    if limit is not None and file.size > limit:
        raise TooLargeError(file.name, file.size, limit)


def check_columns(file: "UploadedFile", columns: int, limit: int | None) -> None:
    """Raise `TooLargeError` if a table's columns, even without a row, take more than `limit`."""
    if limit is not None and columns > max(limit // COLUMN_SIZE, FEW_COLUMNS):
        name = f"{file.name}, with {columns:,} columns,"
        raise TooLargeError(name, columns * COLUMN_SIZE, limit, at_least=True)


def require(file: "UploadedFile", module: str, packages: str) -> Any:
    """Import `module`, or raise an `ImportError` that says what to install."""
    try:
        with _importing:
            return importlib.import_module(module)
    except ImportError as error:
        text = f"{file.name} cannot be read without {' and '.join(packages.split())}: "
        raise ImportError(f"{text}pip install {packages}") from error
