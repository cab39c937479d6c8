"""Tables in Excel workbooks, of openpyxl's kinds."""

import re
import zipfile
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from .reading import Part, Table, TooLargeError, check_columns, check_size, require

if TYPE_CHECKING:
    from .files import UploadedFile

#: Bytes of a row, of a place in it, and of a value there, at the least.
_ROW, _PLACE, _VALUE = 64, 8, 32

#: Bytes of an XML element, which openpyxl holds up to the end of a row or a shared text.
_ELEMENT = 100
_END = re.compile(rb"</(?:\w+:)?(?:row|si)>")


def read_workbook(file: "UploadedFile", opened: BinaryIO, part: Part) -> Table:
    """Read the first sheet, or a part of it; see `tables.read_table`."""
    pandas = require(file, "pandas", "pandas openpyxl")
    openpyxl = require(file, "openpyxl", "pandas openpyxl")
    _check_unpacked(file, opened, part.limit)
    # As pandas would open it, which finds other kinds behind the name, that have no bounds.
    book = openpyxl.load_workbook(opened, read_only=True, data_only=True, keep_links=False)
    try:
        if part.limit is not None:
            _check_cells(file, book.worksheets[0], part.rows, part.limit)
        frame = pandas.read_excel(book, engine="openpyxl", nrows=part.rows)
    finally:
        book.close()
    return Table(frame, len(frame.columns))


def _check_unpacked(file: "UploadedFile", opened: BinaryIO, limit: int | None) -> None:
    check_size(file, limit)
    if limit is None or not zipfile.is_zipfile(opened):
        return
    with zipfile.ZipFile(opened) as archive:  # which gives no more bytes than it has said
        unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > limit:
            raise TooLargeError(f"{file.name}, unpacked,", unpacked, limit)
        for entry in archive.infolist():
            with archive.open(entry) as part:
                size = _ELEMENT * _elements(part)
            if size > limit:
                raise TooLargeError(f"{file.name}, in one of its rows or parts,", size, limit)
    opened.seek(0)


def _elements(part: IO[bytes]) -> int:
    """Give how many elements of XML, at the most, are between ends of rows."""
    most = run = total = 0
    has_others = False
    last = b""
    while data := part.read(2**20):
        total += data.count(b"<")
        has_others = has_others or b"<!" in last + data  # as a comment, where ends are none
        last = data[-1:]
        first, *rest = (it.count(b"<") for it in _END.split(data))
        most = max(most, run + first, *rest)
        run = rest[-1] if rest else run + first
    return total if has_others else most


def _check_cells(file: "UploadedFile", sheet: Any, rows: int | None, limit: int) -> None:
    """Add up what pandas would take: all rows and columns up to the last cell with a value."""
    sheet.reset_dimensions()  # which the file says, and need not be so
    width = values = 0
    for count, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        used = [index for index, value in enumerate(row, start=1) if value not in (None, "")]
        width = max(width, used[-1] if used else 0)
        values += sum(_VALUE + len(it) for it in row if isinstance(it, str)) + _VALUE * len(used)
        check_columns(file, width, limit)
        size = count * (_ROW + _PLACE * width) + values
        if size > limit:
            name = f"{file.name}, with all cells up to its last row and column,"
            raise TooLargeError(name, size, limit, at_least=True)
        if rows is not None and count > rows + 2:  # pandas looks at two rows more
            return
