"""Files of tables, of any kind, as a `pandas.DataFrame`."""

from typing import TYPE_CHECKING

from .delimited import read_delimited
from .kinds import Kind
from .reading import Part, Table
from .workbook import read_workbook

if TYPE_CHECKING:
    from .files import UploadedFile

TABLES: tuple[Kind, ...] = ("csv", "excel", "tsv")


def read_table(file: "UploadedFile", kind: Kind, part: Part) -> Table:
    """Read a table, or a part of it.

    Parameters
    ----------
    file, kind
        Which, and of which of `TABLES`.
    part
        What is wanted of it.

    Raises
    ------
    TooLargeError
        If this has more than `part.limit`.
    """
    with file.open() as opened:
        if kind == "excel":
            return read_workbook(file, opened, part)
        return read_delimited(file, opened, part, "\t" if kind == "tsv" else ",")
