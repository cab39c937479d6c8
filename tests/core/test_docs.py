"""What the documentation refers to is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELIABILITY = ROOT / "docs" / "reliability.md"
ROWS = [line for line in RELIABILITY.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split(" | ")[0][2:40])
def test_each_row_of_reliability_names_tests_that_there_are(row: str) -> None:
    _fault, promise, tests = row.strip("| ").split(" | ")
    assert promise
    assert re.fullmatch(f"{TEST.pattern}(, {TEST.pattern})*", tests)
    for path, name in TEST.findall(tests):
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = (ast.FunctionDef, ast.AsyncFunctionDef)
        assert name in {node.name for node in tree.body if isinstance(node, functions)}


def test_reliability_has_every_test_of_faults() -> None:
    named = {f"{path}::{name}" for path, name in TEST.findall(RELIABILITY.read_text("utf-8"))}
    there = {
        f"{path.relative_to(ROOT).as_posix()}::{name}"
        for path in ROOT.glob("tests/faults/test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.M)
    }
    assert there - named == set()
