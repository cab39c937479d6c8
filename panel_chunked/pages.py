"""The headers of a Parquet file's pages: what unpacking and decoding these will take.

What the file's footer says of its sizes is nothing that a reader goes by, and may be anything.
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
            return reader.struct(), reader.at
        except IndexError:
            continue
    raise ValueError("A page of it has no end.")


class _Compact:
    """Thrift's compact protocol, as far as headers of pages use it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def struct(self) -> dict[int, Any]:
        fields: dict[int, Any] = {}
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head >> 4 else self._number()
            fields[field] = self._value(head & 0x0F)
        return fields

    def _value(self, kind: int) -> Any:
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
        if kind == 12:
            return self.struct()
        raise ValueError("A page of it has a header of an unknown kind.")

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
