"""The records of CSV files, as pandas finds them: a newline within quotes ends none."""

import io
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

BLOCK_SIZE = 2**17

_BOM = b"\xef\xbb\xbf"
#: From an opening quote on; one that is doubled is none.
_QUOTED = rb'"[^"]*+(?:""[^"]*+)*+'
_CLOSING = re.compile(_QUOTED + b'"')


class Head(io.RawIOBase):
    """The beginning of a CSV file: the records that are within `limit` bytes as a whole.

    A record without an end takes no more memory than that.

    Attributes
    ----------
    ran_out
        Whether all of them were read, and there is more.
    """

    def __init__(self, file: BinaryIO, limit: int, separator: str) -> None:
        self._file = file
        self._left = limit
        self._before = separator.encode() + b"\r\n"
        self._held = bytearray()  # after the last newline that ends a record
        self._ready = memoryview(b"")
        self.ran_out = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._ready:
            self._fill()
        data = self._ready[: len(buffer)]
        self._ready = self._ready[len(data) :]
        buffer[: len(data)] = data
        return len(data)

    def _fill(self) -> None:
        size = BLOCK_SIZE
        while not self.ran_out:
            data = self._file.read(min(size, self._left))
            self._left -= len(data)
            self._held += data
            if not data and (self._left or not self._file.read(1)):
                self._give(len(self._held))  # the file ends within the limit
                return
            self.ran_out = not data
            if end := _whole(self._held, self._before):
                self._give(end)
                return
            size = max(size, len(self._held))  # a long record is looked through a few times only

    def _give(self, end: int) -> None:
        self._ready = memoryview(bytes(self._held[:end]))
        del self._held[:end]


def _whole(data: bytes | bytearray, before: bytes) -> int:
    """Give how many bytes of `data`, which begins with a record, are whole records.

    A quote opens a field after one of `before` alone; within a field, it is a character.
    """
    end = at = 0
    while True:
        quote = _opening(data, at, before)
        upto = len(data) if quote < 0 else quote
        end = max(end, data.rfind(b"\n", at, upto) + 1, data.rfind(b"\r", at, upto) + 1)
        closing = _CLOSING.match(data, quote) if quote >= 0 else None
        if closing is None:
            return end
        at = closing.end()


def _opening(data: bytes | bytearray, at: int, before: bytes) -> int:
    quote = data.find(b'"', at)
    while (
        quote > 0 and data[quote - 1] not in before and not (quote == 3 and data.startswith(_BOM))
    ):
        quote = data.find(b'"', quote + 1)
    return quote


def count_fields(opened: BinaryIO, separator: str, limit: int | None) -> tuple[int, int]:
    """Give how many fields the first two records have that are not blank.

    Parameters
    ----------
    opened
        A CSV file.
    separator
        What is between fields.
    limit
        At most so many bytes are read; None for no limit.
    """
    data = bytearray()
    size = BLOCK_SIZE
    while True:
        more = opened.read(size if limit is None else min(size, limit - len(data)))
        data += more
        counts = list(_counts(data, separator, is_all=not more))
        if len(counts) == 2 or not more:
            names, cells, *_ = *counts, 0, 0
            return names, cells
        size = len(data)


def _counts(data: bytes | bytearray, separator: str, *, is_all: bool) -> Iterator[int]:
    between = separator.encode()
    blank = re.compile(rb"(?: *+[\r\n])*+" if separator == "\t" else rb"(?:[ \t]*+[\r\n])*+")
    field = re.compile(rb'(?:%b(?:"|\Z))?+[^%b\r\n]*+([%b\r\n]|\Z)' % (_QUOTED, between, between))
    at = len(_BOM) if data.startswith(_BOM) else 0
    for _ in range(2):
        found = blank.match(data, at)
        at = found.end() if found else at
        if at >= len(data):
            return
        count, end = 0, between
        while end == between:
            match = field.match(data, at)
            assert match is not None, "it may be empty"
            at, end, count = match.end(), match[1], count + 1
        if not end and not is_all:
            return
        yield count
