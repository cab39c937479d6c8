"""Codes and texts: the same in the code, in ``docs/errors.md`` and in the page."""

import ast
import errno
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from panel_chunked.errors import (
    ADVICE,
    ErrorCode,
    NameTakenError,
    UploadError,
    storage_error,
)

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "panel_chunked").rglob("*.py"))
ROW = re.compile(r"\| `(\w+)` \| (.+) \| (.*) \| (no|by the button|by itself) \|")


def documented() -> dict[str, str]:
    """Give what to do, by code, from the first table."""
    table, _ = (ROOT / "docs/errors.md").read_text("utf-8").split("known to the page alone")
    return {row[1]: row[3] for row in map(ROW.fullmatch, table.splitlines()) if row}


def raised(source: Path) -> Iterator[tuple[str, str]]:
    """Give code and text of each `UploadError` in a module, as far as it stands there."""
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "UploadError":
            code, what = node.args
            if isinstance(code, ast.Constant) and isinstance(code.value, str):
                yield code.value, ast.unparse(what)


def test_docs_list_the_codes_and_what_to_do() -> None:
    assert documented() == ADVICE
    assert list(documented()) == sorted(get_args(ErrorCode))


def test_no_code_is_dead_and_none_unknown() -> None:
    assert {code for source in SOURCES for code, _ in raised(source)} == set(get_args(ErrorCode))


def test_every_error_says_what_happened_in_a_sentence_and_leaves_what_to_do_to_its_code() -> None:
    texts = [
        text[1:-1] if text[0] in "'\"" else text[2:-1]
        for source in SOURCES
        for _, text in raised(source)
        if text[0] in "f'\""
    ]
    assert len(texts) >= 10
    for text in texts:
        assert re.fullmatch(r"[A-Z{].*\.", text), text
        assert not re.search(r"Reload|[Tt]ry again|[Cc]hoose", text), text


@pytest.mark.parametrize(
    "code", sorted({*get_args(ErrorCode)} - {"refused"})
)  # the text is the app's
def test_what_to_do_is_a_sentence(code: ErrorCode) -> None:
    error = UploadError(code, "It broke.")
    assert re.fullmatch(r"It broke\. [A-Z][^.]+\.", error.message)
    assert str(error) == error.message


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "storage_full"),
        (errno.EDQUOT, "storage_full"),
        (errno.EMFILE, "busy"),
        (errno.EAGAIN, "busy"),
        (errno.EEXIST, "storage"),
        (errno.EACCES, "storage"),
        (errno.EROFS, "storage"),
        (errno.EIO, "storage"),
    ],
)
def test_code_of_a_storage_error_says_whether_it_may_be_over_soon(number: int, code: str) -> None:
    error = storage_error(OSError(number, os.strerror(number), "/srv/secret"))
    assert error.code == code
    assert os.strerror(number) in error.message
    assert "secret" not in error.message


def test_storage_error_of_a_store_of_ones_own_says_nothing_of_its_paths() -> None:
    error = storage_error(PermissionError("/srv/secret leads outside"))
    assert error.message.startswith("The server could not store the file. ")
    assert "secret" not in error.message


def test_loggers_are_those_of_their_modules() -> None:
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger"):
                assert ast.unparse(node) == "logging.getLogger(__name__)", source
    assert logging.getLogger("panel_chunked").handlers == []


def test_only_a_name_that_is_taken_is_a_file_that_exists() -> None:
    error = storage_error(NameTakenError())
    assert error.code == "file_exists"
    assert error.message.startswith("A file of this name is there already. ")
