"""Tables in text, with a separator between the cells: CSV and TSV."""

import io
from typing import TYPE_CHECKING, Any, BinaryIO

from .reading import Part, Table, TooLargeError, check_columns, check_size, require
from .records import Head, count_fields

if TYPE_CHECKING:
    from .files import UploadedFile


def read_delimited(file: "UploadedFile", opened: BinaryIO, part: Part, separator: str) -> Table:
    """Read a table, or a part of it; see `tables.read_table`."""
    pandas = require(file, "pandas", "pandas")
    if part.rows is None:
        check_size(file, part.limit)
    names, cells = count_fields(opened, separator, part.limit)
    check_columns(file, max(names, cells), part.limit)
    opened.seek(0)
    is_within = part.limit is None or file.size <= part.limit
    head = None if is_within else Head(opened, part.limit or 0, separator)
    # With fewer names than cells, pandas takes the first cells for an index, which moves the rest.
    is_wide = part.columns is not None and part.columns < names >= cells
    options = {
        "sep": separator,
        "nrows": part.rows,
        "usecols": range(part.columns or 0) if is_wide else None,
        "encoding_errors": "replace" if part.is_loose else "strict",
    }
    frame = _read(pandas, opened if head is None else io.BufferedReader(head), options)
    is_cut = head is not None and head.ran_out and _is_short(frame, part.rows)
    if is_cut and not (part.is_loose and len(frame.columns)):
        raise TooLargeError(
            f"{file.name}, up to the row asked for,", 0, part.limit or 0, at_least=True
        )
    return Table(frame, max(names, cells), is_cut)


def _read(pandas: Any, source: Any, options: dict[str, Any]) -> Any:
    try:
        return pandas.read_csv(source, **options)
    except pandas.errors.EmptyDataError:
        return pandas.DataFrame()


def _is_short(frame: Any, rows: int | None) -> bool:
    return rows is None or len(frame) < rows or not len(frame.columns)
