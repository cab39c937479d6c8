"""What a file is in Python, by pandas, Pillow and json; without Panel."""

import csv
import importlib
import io
import json
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow
import pytest
from fakes import info
from PIL import Image

from panel_chunked.files import UploadedFile
from panel_chunked.kinds import Kind, kind_of, media_type
from panel_chunked.records import Head

TABLE = pd.DataFrame({"number": [1, 2, 3], "name": ["a", "b", "ü"]})
Make = Callable[..., UploadedFile]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Give a function that makes a file of bytes, or what `write` writes to its path."""

    def make(name: str, content: Any, mime_type: str = "") -> UploadedFile:
        path = tmp_path / name
        if callable(content):
            content(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        facts = replace(info(name, size=path.stat().st_size), mime_type=mime_type)
        return UploadedFile(facts, path)

    return make


def sparse(beginning: bytes, size: int) -> Callable[[Path], None]:
    """Write `beginning` and zeros, which take no room on the disk."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(beginning)
            file.truncate(size)

    return write


# Kinds


@pytest.mark.parametrize(
    ("name", "mime_type", "kind"),
    [
        ("a.csv", "application/vnd.ms-excel", "csv"),  # as Windows says
        ("a.CSV", "", "csv"),
        ("a", "text/csv; charset=utf-8", "csv"),
        ("a.parquet", "application/octet-stream", "other"),
        ("a.xlsx", "", "excel"),
        ("a.xls", "application/vnd.ms-excel", "other"),  # what reads these has no bounds
        ("a.ods", "", "other"),
        ("a.png", "text/html", "image"),
        ("a.html", "image/png", "html"),
        ("a.svg", "image/png", "svg"),
        ("a.py", "", "text"),
        ("recording.webm", "audio/webm;codecs=opus", "audio"),
        ("recording.webm", "video/webm", "video"),
        ("recording.webm", "", "video"),
        ("a", "", "other"),
        ("a.unknown", "application/octet-stream", "other"),
        ("a.unknown", "nonsense", "other"),
    ],
)
def test_kind_of(name: str, mime_type: str, kind: Kind) -> None:
    assert kind_of(name, mime_type) == kind


@pytest.mark.parametrize(
    ("head", "kind", "found"),
    [
        (b"\x89PNG\r\n\x1a\n", "image", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "video", None),
        (b"RIFF\0\0\0\0WEBP", "image", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", "audio", "audio/wav"),
        (b"RIFF\0\0\0\0WAVE", "image", None),
        (b"\0\0\0\x20ftypisom", "video", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "audio", "audio/mp4"),
        (b"\0\0\0\x20ftypavif", "image", "image/avif"),
        (b"\0\0\0\x20ftypavif", "video", None),
        (b"OggS", "audio", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3", "audio", "audio/webm"),
        (b"\x1a\x45\xdf\xa3", "image", None),
        (b"\xff\xfb\x90", "audio", "audio/mpeg"),
        (b"\xff\xf1\x50", "audio", "audio/aac"),
        (b"%PDF-1.7", "pdf", "application/pdf"),
        (b"%PDF-1.7", "image", None),
        (b"<html>", "image", None),
        (b"", "audio", None),
    ],
)
def test_media_type_is_that_of_the_first_bytes(head: bytes, kind: Kind, found: str | None) -> None:
    assert media_type(head, kind) == found


# Objects


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.csv", lambda path: TABLE.to_csv(path, index=False)),
        ("a.tsv", lambda path: TABLE.to_csv(path, index=False, sep="\t")),
        ("a.xlsx", lambda path: TABLE.to_excel(path, index=False)),
    ],
)
def test_tables_and_their_first_rows(make: Make, name: str, write: Callable[[Path], None]) -> None:
    file = make(name, write)
    pd.testing.assert_frame_equal(file.object(), TABLE)
    pd.testing.assert_frame_equal(file.object(rows=2), TABLE[:2])
    assert list(file.object(rows=0).columns) == list(TABLE.columns)
    pd.testing.assert_frame_equal(file.object(rows=5), TABLE)


def test_json(make: Make) -> None:
    assert make("a.json", json.dumps({"a": [1, None]})).object() == {"a": [1, None]}


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html", "a.svg", "a.py"])
def test_text(make: Make, name: str) -> None:
    assert make(name, "grün").object() == "grün"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_with_a_byte_order_mark(make: Make, encoding: str) -> None:
    assert make("a.txt", "grün".encode(encoding)).object() == "grün"


def test_image(make: Make) -> None:
    image = make("a.png", Image.new("RGB", (30, 20), "navy").save).object()
    assert (image.format, image.size, image.getpixel((0, 0))) == ("PNG", (30, 20), (0, 0, 128))


def test_image_with_a_pillow_that_does_not_know_all_of_them(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.init()
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    assert make("a.png", Image.new("RGB", (3, 2)).save).object().size == (3, 2)


@pytest.mark.parametrize("name", ["a.mp4", "a.wav", "a.pdf", "a.unknown"])
def test_path_of_anything_else(make: Make, name: str) -> None:
    file = make(name, b"anything")
    assert file.object() == file.path


@pytest.mark.parametrize(
    ("name", "expected"), [("a.txt", ""), ("a.csv", pd.DataFrame()), ("a.tsv", pd.DataFrame())]
)
def test_empty_file(make: Make, name: str, expected: Any) -> None:
    found = make(name, b"").object()
    assert found.equals(expected) if isinstance(expected, pd.DataFrame) else found == expected


@pytest.mark.parametrize("name", ["a.xlsx", "a.json", "a.png"])
@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04 but not really", b"PAR1\xff\xff\xff\xffPAR1"]
)
def test_what_is_not_what_it_says(make: Make, name: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot be read as "):
        make(name, content).object()


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.json"])
def test_what_is_no_utf_8(make: Make, name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot be read as "):
        make(name, '["grün"]'.encode("latin-1")).object()


def test_json_that_is_nested_too_deeply(make: Make) -> None:
    with pytest.raises(ValueError, match="cannot be read as JSON"):
        make("a.json", "[" * 100_000).object()


def test_image_does_not_take_what_runs_programs(make: Make) -> None:
    with pytest.raises(ValueError, match="cannot be read as an image"):
        make(
            "a.png", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n"
        ).object()


def test_file_that_a_function_has_used() -> None:
    with pytest.raises(FileNotFoundError, match="not stored"):
        UploadedFile(info("a.csv"), None).object()


# Limits


@pytest.mark.parametrize("name", ["a.csv", "a.txt", "a.json", "a.xlsx"])
def test_what_is_too_large_is_not_read(make: Make, name: str) -> None:
    file = make(name, sparse(b"a,b\n", 3 * 10**9))
    with pytest.raises(ValueError, match=r"has 3 GB, and at most 256 MB are read"):
        file.object()


def test_limit_is_the_app_s(make: Make) -> None:
    file = make("a.txt", "1234567890")
    with pytest.raises(ValueError, match="at most 9 bytes"):
        file.object(limit=9)
    assert file.object(limit="10 B") == file.object(limit=None) == "1234567890"


def test_first_rows_of_a_large_csv_file(make: Make) -> None:
    rows = "".join(f"{i},{i * i}\n" for i in range(5000))
    table = make("a.csv", sparse(f"a,b\n{rows}".encode(), 3 * 10**9)).object(rows=1000)
    assert table["b"].tolist() == [i * i for i in range(1000)]


def test_rows_before_one_that_the_limit_cuts(make: Make) -> None:
    file = make("a.csv", "a,b\n1,1234\n2,5678\n")
    assert file.object(rows=1, limit=16).to_dict("list") == {"a": [1], "b": [1234]}


def test_quote_without_an_end_is_read_up_to_the_limit(make: Make) -> None:
    file = make("a.csv", sparse(b'a,b\n1,"', 3 * 10**9))
    with pytest.raises(ValueError, match="has more than 1 MB"):
        file.object(rows=10, limit="1 MB")


def test_workbook_that_is_larger_unpacked(make: Make) -> None:
    def write(path: Path) -> None:
        TABLE.to_excel(path)
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/bomb.xml", bytes(50_000_000))

    file = make("a.xlsx", write)
    assert file.size < 100_000
    for rows in (None, 1):
        with pytest.raises(ValueError, match="unpacked, has 50 MB, and at most 20 MB"):
            file.object(limit="20 MB", rows=rows)


def wide(cell: str) -> Callable[[Path], None]:
    """Write a workbook of one cell, far from the first."""

    def write(path: Path) -> None:
        book = openpyxl.Workbook()
        book.active[cell] = 1
        book.save(path)

    return write


def edit(path: Path, part: str, old: bytes, new: bytes) -> None:
    """Put other bytes into a part of a workbook."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def peak(function: Callable[[], Any]) -> tuple[int, int]:
    """Give the most bytes that Python, and Arrow beside it, had allocated within a function."""
    # Arrow's own pool knows what tracemalloc does not see.
    pool = pyarrow.system_memory_pool()
    before = pyarrow.default_memory_pool()
    pyarrow.set_memory_pool(pool)
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1], pool.max_memory()
    finally:
        tracemalloc.stop()
        pyarrow.set_memory_pool(before)


@pytest.mark.parametrize("rows", [None, 3000])
def test_workbook_whose_only_cell_is_far_away(make: Make, rows: int | None) -> None:
    file = make("a.xlsx", wide("XFD3000"))

    def read() -> None:
        with pytest.raises(ValueError, match="has more than 20 MB"):
            file.object(limit="20 MB", rows=rows)

    assert peak(read)[0] < 20_000_000
    assert len(make("a.xlsx", wide("B3")).object(limit="20 MB", rows=rows)) == 2


def test_workbook_whose_row_has_more_cells_than_any(make: Make) -> None:
    def write(path: Path) -> None:
        wide("A1")(path)
        row = b'<row r="1">'
        for end in (b"", b"<!--</row>-->"):
            edit(path, "xl/worksheets/sheet1.xml", row, row + (b"<c/>" * 10_000 + end) * 20)

    with pytest.raises(ValueError, match="in one of its rows or parts, has 40"):
        make("a.xlsx", write).object(limit="5 MB")


def test_workbook_s_rows_that_are_not_there_are_not_counted_to_their_end(make: Make) -> None:
    def write(path: Path) -> None:
        wide("A1")(path)
        edit(path, "xl/worksheets/sheet1.xml", b'r="1"', b'r="999999999999"')

    with pytest.raises(ValueError, match="has more than 5 MB"):
        make("a.xlsx", write).object(limit="5 MB")


@pytest.mark.parametrize("line", ["a\n", ""])
def test_csv_file_of_too_many_columns(make: Make, line: str) -> None:
    file = make("a.csv", line + "," * 400_000 + "\n1,2\n")
    for rows in (None, 10):
        with pytest.raises(ValueError, match="with 400,001 columns, has more than 20 MB"):
            file.object(limit="20 MB", rows=rows)


def test_limit_within_the_last_row_that_is_asked_for(make: Make) -> None:
    file = make("a.csv", "a,b\n1,1234\n2,5678\n")
    for limit in (4, 13, 16):
        with pytest.raises(ValueError, match="has more than"):
            file.object(rows=2, limit=limit)
    assert file.object(rows=2, limit=18)["b"].tolist() == [1234, 5678]


@pytest.mark.parametrize("cell", ['"x\n,""y"', '"x', "x" * 30, "ü" * 20, 'a"b\n', '"\n"\n'])
def test_rows_before_the_limit_wherever_it_is(make: Make, cell: str) -> None:
    content = f'a,b\n1,"2\r\n"\n3,{cell}\n'
    for limit in range(12, len(content.encode())):
        assert len(make("a.csv", content).object(rows=1, limit=limit)) == 1


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf"a\nb",c\n1,2\n3,"4\n5\n',
        b'a,b\r1,"x""\n"\r\n2,y"z\n"q"r"\n,\n',
        b'\n \n"a",b\n"1"x"\n,2\n',
    ],
)
def test_records_end_where_pandas_has_them_end(content: bytes) -> None:
    whole = [Head(io.BytesIO(content), end, ",").read() for end in range(len(content))]
    for end, head in enumerate(whole):
        assert content[:end].startswith(head)
        lines = list(csv.reader(io.StringIO(head.decode("utf-8-sig"), newline="")))
        known = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        assert lines == known[: len(lines)]


# Packages


@pytest.mark.parametrize(
    ("name", "missing", "advice"),
    [
        ("a.csv", "pandas", "pip install pandas"),
        ("a.xlsx", "pandas", "pip install pandas openpyxl"),
        ("a.xlsx", "openpyxl", "pip install pandas openpyxl"),
        ("a.png", "PIL.Image", "pip install pillow"),
    ],
)
def test_missing_package(
    make: Make, monkeypatch: pytest.MonkeyPatch, name: str, missing: str, advice: str
) -> None:
    file = make(name, b"content")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=f"{name} cannot be read without .*: {advice}$"):
        file.object()


def test_nothing_is_imported_before_it_is_needed(make: Make, monkeypatch: Any) -> None:
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail(name))
    assert make("a.txt", "text").object() == "text"
