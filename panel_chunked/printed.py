"""Tells what a callback prints from what a cell prints meanwhile: `sys.stdout` is everybody's."""

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_printed: ContextVar[io.StringIO | None] = ContextVar("_printed", default=None)


class _Stdout:
    """Stands before `stdout`, which gets all that is not collected."""

    def __init__(self, stdout: Any) -> None:
        self._stdout = stdout

    def write(self, text: str) -> int:
        printed = _printed.get()
        written: int = (self._stdout if printed is None else printed).write(text)
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stdout, name)


@contextmanager
def collect() -> Iterator[list[str]]:
    """Collect what is printed in this context, and in no other; the lines are there at the end."""
    if not isinstance(sys.stdout, _Stdout):
        sys.stdout = _Stdout(sys.stdout)  # for good: what others collect meanwhile overlaps
    lines: list[str] = []
    printed = io.StringIO()
    token = _printed.set(printed)
    try:
        yield lines
    finally:
        _printed.reset(token)
        lines.extend(printed.getvalue().splitlines())
