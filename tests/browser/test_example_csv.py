"""examples/csv_to_parquet.py: a table that is converted while it arrives."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pyarrow import parquet

from .conftest import ROOT, wait_until
from .cutting_proxy import CuttingProxy
from .streams import example, failed, upload

NAME = "csv_to_parquet"
MB = 1000**2
ROWS = 500_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parquet")


@pytest.fixture(scope="module")
def app(folder: Path) -> Iterator[CuttingProxy]:
    variables = {"PARQUET_FOLDER": str(folder)}
    with example(NAME, "--static-dirs", f"parquet={folder}", variables=variables) as proxy:
        yield proxy


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "salt & pepper.csv"
    lines = (f"{number},name {number}\n" for number in range(ROWS))
    path.write_text("".join(["number,name\n", *lines]))
    return path


def test_rows_are_counted_as_they_arrive_and_a_link_is_there_at_the_end(
    page: Page, app: CuttingProxy, table: Path
) -> None:
    upload(page, app, NAME, table, most=table.stat().st_size / 2)
    page.get_by_text(re.compile(r"^\d{2,3},\d{3}$")).wait_for()

    app.allow()
    link = page.get_by_role("link", name="salt & pepper.parquet")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".parquet")
    converted = parquet.read_table(download.value.path())
    assert converted.column_names == ["number", "name"]
    assert converted["number"].to_pylist() == list(range(ROWS))
    expect(page.get_by_text(f"{ROWS:,}", exact=True)).to_be_visible()
    expect(page.get_by_text(f"{ROWS:,} rows, ")).to_be_visible()


def test_a_row_that_does_not_fit_is_told_of(
    page: Page, app: CuttingProxy, table: Path, folder: Path
) -> None:
    before = set(folder.iterdir())
    with table.open("a") as file:
        file.write("x,y,z\n")

    upload(page, app, NAME, table)

    expect(failed(page)).to_contain_text("This table cannot be converted. CSV parse error")
    expect(page.get_by_text("0", exact=True)).to_be_visible()  # no rows of that one
    wait_until(lambda: set(folder.iterdir()) == before)


# A table that is made as it is read, once of 70 MB and once of 210 MB.
FLAT = """
import resource, runpy, sys
from panel_chunked import UploadReader
from tests.core.fakes import info

LINES = b"".join(b"%d,name %d,%f\\n" % (n, n * 7919, n / 7) for n in range(40_000))

class Table:
    def __init__(self, blocks):
        self.blocks, self.rest = blocks, b"number,name,value\\n"

    def read_into(self, buffer):
        if not self.rest and self.blocks:
            self.blocks, self.rest = self.blocks - 1, LINES
        count = min(len(buffer), len(self.rest))
        buffer[:count], self.rest = self.rest[:count], self.rest[count:]
        return count

convert = runpy.run_path("examples/csv_to_parquet.py")["convert"]
for blocks in (60, 180):
    convert(UploadReader(info(), Table(blocks)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has another unit elsewhere")
def test_memory_does_not_grow_with_the_table(folder: Path) -> None:
    command = [sys.executable, "-c", FLAT]
    ran = subprocess.run(
        command, cwd=ROOT, env={"PARQUET_FOLDER": str(folder)}, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    first, then = map(int, ran.stdout.split())
    assert then - first < 40 * MB
