"""Tables in Parquet files: one column after the other, each weighed before it is unpacked."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from .arrays import shortened, size_of
from .pages import footer_size, groups, pages
from .reading import Part, Table, TooLargeError, check_columns, require

if TYPE_CHECKING:
    from .files import UploadedFile

#: Most rows that are decoded at once.
_BATCH_ROWS = 2**16

#: Most bytes of the texts of an array, which has 32 bits for where each begins.
_ARRAY_SIZE = 2**30

_WIDTHS = {"BOOLEAN": 1, "INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}


def read_parquet(file: "UploadedFile", opened: BinaryIO, part: Part) -> Table:
    """Read a table, or a part of it; see `tables.read_table`."""
    pyarrow = require(file, "pyarrow", "pandas pyarrow")
    parquet = require(file, "pyarrow.parquet", "pandas pyarrow")
    require(file, "pandas", "pandas pyarrow")
    reader = _Reader(file, opened, parquet, part)
    names = reader.names()
    arrays = [
        pyarrow.chunked_array(list(reader.read(name)), reader.schema.field(name).type)
        for name in names
    ]
    fields = [reader.schema.field(name) for name in names]
    schema = pyarrow.schema(fields, reader.schema.metadata)
    if arrays:
        table = pyarrow.Table.from_arrays(arrays, schema=schema)
    else:
        table = reader.source.read().slice(0, part.rows)
    return Table(table.to_pandas(), len(reader.schema))


class _Reader:
    """The columns of a file, within what `part` allows."""

    def __init__(self, file: "UploadedFile", opened: BinaryIO, parquet: Any, part: Part) -> None:
        self._file = file
        self._opened = opened
        self._part = part
        self._taken = 0
        # Else it reads a whole row group before its first rows.
        options = {"buffer_size": 2**16, "pre_buffer": False}
        plain = parquet.ParquetFile(opened, **options)
        self.schema = plain.schema_arrow
        columns = len(plain.schema)
        check_columns(file, columns, part.limit)
        self._check(10 * footer_size(opened))  # which is a few times that, parsed
        self._all = groups(opened)
        if any(len(group.chunks) != columns for group in self._all):
            raise ValueError("Some of its columns are missing.")
        self._groups = list(self._needed())
        self._leaves: dict[str, list[int]] = {}
        self._texts: dict[int, str] = {}
        for index in range(columns):
            leaf = plain.schema.column(index)
            for prefix in _prefixes(leaf.path):
                self._leaves.setdefault(prefix, []).append(index)
            if self._has_dictionary(index, leaf):
                self._texts[index] = leaf.path
        # One value that is in many rows then is in memory once.
        texts = list(self._texts.values())
        self.source = parquet.ParquetFile(
            opened, metadata=plain.metadata, read_dictionary=texts, **options
        )

    def _has_dictionary(self, index: int, leaf: Any) -> bool:
        """Tell whether pyarrow can give a column's texts as a dictionary."""
        if leaf.physical_type != "BYTE_ARRAY" or leaf.logical_type.type == "DECIMAL":
            return False
        return not any(self._all[group].chunks[index].is_delta for group, _ in self._groups)

    def names(self) -> list[str]:
        """Give the names of the columns that are wanted, those of pandas' index among them."""
        names = list(self.schema.names)
        if len(set(names)) < len(names):
            raise ValueError("Two of its columns have one name.")
        if self._part.columns is None:
            return names
        index = ((self.schema.pandas_metadata or {}).get("index_columns")) or []
        names.sort(key=lambda name: name not in index)
        wanted = set(names[: self._part.columns])
        return [name for name in self.schema.names if name in wanted]

    def read(self, name: str) -> Iterator[Any]:
        """Give a column's arrays."""
        kind, left = self.schema.field(name).type, self._part.rows
        rows = self._batch_rows(name) if left != 0 else 1
        for group, _ in self._groups:  # pyarrow has no lists of more than one dictionary
            options = {"batch_size": rows, "row_groups": [group], "columns": [name]}
            for batch in self.source.iter_batches(**options, use_threads=False):
                array = batch.column(name).slice(0, left)
                if self._part.characters is not None:
                    array = shortened(array, self._part.characters)
                self._take(size_of(array))
                yield from _plain(array, kind)
                left = None if left is None else left - len(array)
                if left == 0:
                    return

    def _needed(self) -> Iterator[tuple[int, int | None]]:
        """Give the row groups that are needed, and how many rows of each; None for all."""
        left = self._part.rows
        for group, it in enumerate(self._all):
            if left is not None and left <= 0:
                return
            yield group, left
            left = None if left is None else left - it.rows

    def _batch_rows(self, name: str) -> int:
        """Give how many rows may be decoded at once; raise if their pages alone are too much."""
        most = _BATCH_ROWS if self._part.rows is None else min(_BATCH_ROWS, self._part.rows)
        if self._part.limit is None:
            return most
        size = largest = 0
        for group, rows in self._groups:
            for leaf in self._leaves.get(name, ()):
                for weight, value in self._weigh(group, leaf, rows):
                    size, largest = size + weight, max(largest, value)
                    self._check(size)
        return max(1, min(most, self._part.limit // (largest or 1)))

    def _weigh(self, group: int, leaf: int, rows: int | None) -> Iterator[tuple[int, int]]:
        """Give for each page what it takes, and the most that a value takes beside it."""
        chunk = self._all[group].chunks[leaf]
        described = self.source.schema.column(leaf)
        is_text = described.physical_type == "BYTE_ARRAY"
        width = _WIDTHS.get(described.physical_type, 4 if is_text else described.length)
        # A row of a list has any number of values.
        left = chunk.values
        if rows is not None and not described.max_repetition_level:
            left = min(left, rows)
        for page in pages(self._opened, chunk.start, chunk.end):
            values = min(page.values, left) if page.is_data else page.values
            is_any = is_text and (page.is_delta or leaf not in self._texts)
            yield max(page.size, values * width), page.size if is_any else 0 if is_text else width
            left -= values if page.is_data else 0
            if left <= 0:
                return

    def _take(self, size: int) -> None:
        self._taken += size
        self._check(self._taken)

    def _check(self, size: int) -> None:
        limit = self._part.limit
        if limit is not None and size > limit:
            raise TooLargeError(f"{self._file.name}, unpacked,", size, limit, at_least=True)


def _plain(array: Any, kind: Any) -> Iterator[Any]:
    """Give an array without dictionaries, as more than one if it has too much for one."""
    if array.type == kind:
        yield array
    elif size_of(array) > _ARRAY_SIZE and len(array) > 1:
        half = len(array) // 2
        yield from _plain(array.slice(0, half), kind)
        yield from _plain(array.slice(half), kind)
    else:
        yield array.cast(kind)


def _prefixes(path: str) -> Iterator[str]:
    """Give what pyarrow takes for a name of a column, or of one that it is a part of."""
    parts = path.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts) + 1))
