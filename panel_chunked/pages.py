"""The footer and the headers of a Parquet file's pages: what unpacking these will take.

pyarrow gives the footer, too, but ends the process over one that is damaged. What
it says of unpacked sizes is nothing that a reader goes by, and may be anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

#: Bytes that a header may take; most take the first.
_HEADER_SIZES = (2**8, 2**16, 2**24)

_DICTIONARY = 2
#: Where the headers of data pages, of dictionaries and of data pages of version 2 are.
_DETAILS = {0: 5, _DICTIONARY: 7, 3: 8}
#: Values are a part of the one before and a rest: small pages may have large values.
_DELTA_BYTE_ARRAY = 7
#: Which fields are wanted, and of their structs, which.
_Wanted = dict[int, Any]
_HEADER: _Wanted = {1: 0, 2: 0, 3: 0, 5: {1: 0, 2: 0}, 7: {1: 0, 2: 0}, 8: {1: 0, 4: 0}}
_FOOTER: _Wanted = {4: {1: {3: {2: 0, 5: 0, 7: 0, 9: 0, 11: 0}}, 3: 0}}


@dataclass(frozen=True)
class Chunk:
    """A column's part of a row group."""

    start: int
    end: int
    values: int
    encodings: tuple[int, ...]

    @property
    def is_delta(self) -> bool:
        """Whether values are told by the one before."""
        return any(it in (6, _DELTA_BYTE_ARRAY) for it in self.encodings)


@dataclass(frozen=True)
class Group:
    """A row group."""

    rows: int
    chunks: list[Chunk]


def footer_size(opened: BinaryIO) -> int:
    """Give how many bytes the footer has."""
    opened.seek(-8, 2)
    return int.from_bytes(opened.read(4), "little")


def groups(opened: BinaryIO) -> list[Group]:
    """Give the row groups of a file."""
    size = footer_size(opened)
    if opened.seek(0, 2) < size + 8:
        raise ValueError("Its footer is larger than the file.")
    opened.seek(-8 - size, 2)
    try:
        found = _Compact(opened.read(size)).struct(_FOOTER).get(4, [])
        return [Group(it[3], [_chunk(chunk[3]) for chunk in it[1]]) for it in found]
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError("Its footer is damaged.") from error


def _chunk(fields: dict[int, Any]) -> Chunk:
    start = min(it for it in (fields.get(11), fields[9]) if it)
    if start < 0:
        raise ValueError("One of its columns is before the file.")
    return Chunk(start, start + fields[7], fields[5], tuple(fields[2]))


@dataclass(frozen=True)
class Page:
    """A page, as its header says, and as a reader goes by it.

    Parameters
    ----------
    size
        Bytes, unpacked.
    values
        How many it has.
    is_data
        Whether these are values of rows, and no dictionary.
    is_delta
        Whether a value may be as large as the page.
    """

    size: int
    values: int
    is_data: bool
    is_delta: bool


def pages(opened: BinaryIO, start: int, end: int) -> Iterator[Page]:
    """Give the pages between two places in a file."""
    while start < end:
        header, length = _header(opened, start)
        kind, size, packed = (header.get(field) for field in (1, 2, 3))
        details = header.get(_DETAILS.get(kind or 0, -1), {})
        values = details.get(1, 0)
        encoding = details.get(4 if kind == 3 else 2)
        if min(size or 0, packed or 0, values) < 0:
            raise ValueError("A page of it has less than nothing.")
        is_data = kind in (0, 3)
        yield Page(size or 0, values, is_data, is_data and encoding == _DELTA_BYTE_ARRAY)
        start += length + (packed or 0)


def _header(opened: BinaryIO, start: int) -> tuple[dict[int, Any], int]:
    for size in _HEADER_SIZES:
        opened.seek(start)
        reader = _Compact(opened.read(size))
        try:
            return reader.struct(_HEADER), reader.at
        except IndexError:
            continue
    raise ValueError("A page of it has no end.")


class _Compact:
    """Thrift's compact protocol, as far as headers of pages use it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self, wanted: "_Wanted") -> dict[int, Any]:
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._number()
            value = self._value(head & 0x0F, wanted.get(field) or {})
            if field in wanted:
                fields[field] = value
        return fields

    def _value(self, kind: int, wanted: "_Wanted") -> Any:
        if kind in (1, 2):
            return kind == 1
        if kind == 3:
            return self._byte()
        if kind in (4, 5, 6):
            return self._number()
        if kind in (7, 8):
            length = 8 if kind == 7 else self._varint()
            self.at += length
            return None
        if kind == 9:
            return self._list(wanted)
        if kind == 12:
            return self.struct(wanted)
        raise ValueError("A page of it has a header of an unknown kind.")

    def _list(self, wanted: "_Wanted") -> list[Any]:
        head = self._byte()
        count, kind = head >> 4, head & 0x0F
        count = self._varint() if count == 15 else count
        kind = 3 if kind in (1, 2) else kind  # where each has a byte, unlike in a struct
        return [self._value(kind, wanted) for _ in range(count)]

    def _number(self) -> int:
        value = self._varint()
        return value >> 1 ^ -(value & 1)

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("A page of it has a header with a number without an end.")

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte
