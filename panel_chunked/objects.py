"""What a file is in Python: a table, a document, an image, a text."""

import codecs
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .kinds import Kind, kind_of
from .reading import Part, TooLargeError, check_size, require
from .tables import TABLES, read_table

if TYPE_CHECKING:
    from .files import UploadedFile

TEXTS: tuple[Kind, ...] = ("html", "markdown", "svg", "text")

#: What Pillow may take a file for. Others of its formats run programs, or read more files.
IMAGE_FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

_CALLED: dict[Kind, str] = {
    "csv": "a CSV file",
    "excel": "a workbook",
    "image": "an image",
    "json": "JSON",
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


def _read(file: "UploadedFile", kind: Kind, path: Path, limit: int | None, rows: int | None) -> Any:
    if kind in TABLES:
        return read_table(file, kind, Part(limit, rows)).frame
    if kind == "image":
        pillow = require(file, "PIL.Image", "pillow")
        pillow.init()  # which AVIF is unknown to before 11.2
        return pillow.open(path, formats=[it for it in IMAGE_FORMATS if it in pillow.OPEN])
    if kind == "json":
        check_size(file, limit)
        return json.loads(decode(file.read()))
    if kind in TEXTS:
        check_size(file, limit)
        return decode(file.read())
    return path


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
