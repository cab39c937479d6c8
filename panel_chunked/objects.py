"""What a file is in Python: a table, a document, an image, a text."""

import codecs
import importlib
import io
import json
import threading
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from .kinds import Kind, kind_of
from .limits import format_size

if TYPE_CHECKING:
    from .files import UploadedFile

TABLES: tuple[Kind, ...] = ("csv", "excel", "parquet", "tsv")
TEXTS: tuple[Kind, ...] = ("html", "markdown", "svg", "text")

#: What Pillow may take a file for. Others of its formats run programs, or read more files.
IMAGE_FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

#: What pandas reads workbooks with, each its own kind.
_WORKBOOK_READERS = ("openpyxl", "xlrd", "odf.opendocument")

#: Two threads that import a package at once may find it half imported.
_importing = threading.Lock()

_CALLED: dict[Kind, str] = {
    "csv": "a CSV file",
    "excel": "a workbook",
    "image": "an image",
    "json": "JSON",
    "parquet": "a Parquet file",
    "tsv": "a TSV file",
}


def read_object(file: "UploadedFile", *, limit: int | None, rows: int | None) -> Any:
    """Give what a file has; see `UploadedFile.object`."""
    kind = kind_of(file.name, file.mime_type)
    path = file.path  # raises at once if nothing is stored
    try:
        return _read(file, kind, path, limit, rows)
    except (ImportError, MemoryError, TooLargeError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk's, not the content's
            raise
        called = _CALLED.get(kind, "text")
        raise ValueError(f"{file.name} cannot be read as {called}: {error}") from error


class TooLargeError(ValueError):
    """A file has more than may be read into memory."""

    def __init__(self, name: str, size: int, limit: int) -> None:
        super().__init__(
            f"{name} has {format_size(size)}, and at most {format_size(limit)} are read. "
            "Raise the limit, or read it part by part from its path."
        )


def _read(file: "UploadedFile", kind: Kind, path: Path, limit: int | None, rows: int | None) -> Any:
    if kind in TABLES:
        return read_table(file, kind, limit=limit, rows=rows)
    if kind == "image":
        return _require(file, "PIL.Image", "pillow").open(path, formats=IMAGE_FORMATS)
    if kind == "json":
        check_size(file, limit)
        return json.loads(decode(file.read()))
    if kind in TEXTS:
        check_size(file, limit)
        return decode(file.read())
    return path


def read_table(
    file: "UploadedFile",
    kind: Kind,
    *,
    limit: int | None,
    rows: int | None,
    encoding_errors: str = "strict",
) -> Any:
    """Read a table, or its first rows, into a `pandas.DataFrame`.

    Parameters
    ----------
    file, kind
        Which, and of which of `TABLES`.
    limit
        Most bytes that are read, unpacked; None for no limit.
    rows
        How many rows to read, None for all.
    encoding_errors
        What is done with bytes that are no text, see `bytes.decode`.

    Raises
    ------
    TooLargeError
        If there is more to read than `limit`. Of a CSV file with `rows`, what is within is read.
    """
    pandas = _require(file, "pandas", "pandas")
    with file.open() as opened:
        if kind == "parquet":
            return _read_parquet(file, opened, limit, rows)
        if kind == "excel":
            _check_workbook(file, opened, limit)
            return _read_workbook(file, pandas, opened, rows)
        if rows is None:
            check_size(file, limit)
        source = opened if limit is None else io.BufferedReader(_Head(opened, limit))
        separator = "\t" if kind == "tsv" else ","
        try:
            table = pandas.read_csv(
                source, sep=separator, nrows=rows, encoding_errors=encoding_errors
            )
        except pandas.errors.EmptyDataError:
            return pandas.DataFrame()
    is_cut = rows is not None and limit is not None and file.size > limit and len(table) < rows
    return table.iloc[:-1] if is_cut else table  # the limit was within the last one


def check_size(file: "UploadedFile", limit: int | None) -> None:
    """Raise `TooLargeError` if the file has more bytes than `limit`."""
    if limit is not None and file.size > limit:
        raise TooLargeError(file.name, file.size, limit)


def decode(data: bytes, errors: str = "strict", *, is_cut: bool = False) -> str:
    """Give the text of UTF-8, or of UTF-16 that has a byte order mark.

    Parameters
    ----------
    data
        The text's bytes, from its first one.
    errors
        See `bytes.decode`.
    is_cut
        Whether `data` ends anywhere, even within a character, which is then left out.
    """
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    decoder = codecs.getincrementaldecoder("utf-16" if is_utf_16 else "utf-8-sig")(errors)
    return decoder.decode(data, final=not is_cut)


def _read_workbook(file: "UploadedFile", pandas: Any, opened: BinaryIO, rows: int | None) -> Any:
    for module in _WORKBOOK_READERS:
        with suppress(ImportError):
            _import(module)
    try:
        return pandas.read_excel(opened, nrows=rows)
    except ImportError as error:  # pandas says which one this kind of workbook needs
        raise ImportError(f"{file.name} cannot be read without another package: {error}") from error


def _check_workbook(file: "UploadedFile", opened: BinaryIO, limit: int | None) -> None:
    check_size(file, limit)
    if limit is None or not zipfile.is_zipfile(opened):
        return
    with zipfile.ZipFile(opened) as archive:  # which gives no more bytes than it has said
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > limit:
        raise TooLargeError(f"{file.name}, unpacked,", unpacked, limit)
    opened.seek(0)


def _read_parquet(
    file: "UploadedFile", opened: BinaryIO, limit: int | None, rows: int | None
) -> Any:
    pyarrow = _require(file, "pyarrow", "pandas pyarrow")
    parquet = _require(file, "pyarrow.parquet", "pandas pyarrow")
    # Else it reads a whole row group before its first rows.
    source = parquet.ParquetFile(opened, buffer_size=2**16, pre_buffer=False)
    if rows is None:
        groups = range(source.metadata.num_row_groups)
        size = sum(source.metadata.row_group(group).total_byte_size for group in groups)
        if limit is not None and size > limit:
            raise TooLargeError(f"{file.name}, unpacked,", size, limit)
        return source.read(use_threads=False).to_pandas()
    batches, found = [], 0
    for batch in source.iter_batches(batch_size=rows, use_threads=False) if rows else ():
        batches.append(batch)
        found += len(batch)
        if found >= rows:
            break
    return pyarrow.Table.from_batches(batches, source.schema_arrow).slice(0, rows).to_pandas()


def _require(file: "UploadedFile", module: str, packages: str) -> Any:
    try:
        return _import(module)
    except ImportError as error:
        text = f"{file.name} cannot be read without {' and '.join(packages.split())}: "
        raise ImportError(f"{text}pip install {packages}") from error


def _import(module: str) -> Any:
    with _importing:
        return importlib.import_module(module)


class _Head(io.RawIOBase):
    """The beginning of a file: a row without an end takes no more memory than that."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)
