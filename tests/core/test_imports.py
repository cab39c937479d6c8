"""The core runs without Panel: what it imports is read from its source."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "panel_chunked"
CORE = (
    "admission",
    "adoption",
    "background",
    "batch",
    "changes",
    "complete",
    "credit",
    "delimited",
    "errors",
    "failures",
    "files",
    "follow",
    "handler",
    "kinds",
    "lane",
    "limits",
    "names",
    "objects",
    "outbox",
    "pipe",
    "presence",
    "protocol",
    "rate",
    "reading",
    "records",
    "session",
    "stream",
    "tables",
    "underway",
    "workbook",
    "world",
)
SOURCES = [PACKAGE / f"{name}.py" for name in (*CORE, "upload")] + [
    *sorted((PACKAGE / "stores").glob("*.py"))
]
STORES = ("base", "consumer", "deletions", "directory", "partial", "stream", "sweeper", "temporary")
ALLOWED = {"msgspec", *CORE, "upload", "stores", *STORES}
PANEL_SIDE = {
    "panel",
    "bokeh",
    "param",
    "tornado",
    "pyviz_comms",
    "channel",
    "component",
    "config",
    "frames",
    "page",
    "recorder",
    "viewing",
    "views",
    "widget",
}


def imported(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_core_module_imports_nothing_of_panel(source: Path) -> None:
    assert not PANEL_SIDE.intersection(imported(source))


def test_the_check_sees_an_import_of_panel() -> None:
    assert {"panel", "bokeh", "channel"} <= set(imported(PACKAGE / "component.py")) | set(
        imported(PACKAGE / "channel.py")
    )
